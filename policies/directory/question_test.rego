package directory.question_test

import data.directory.fixture
import data.directory.question

test_a_complete_class_is_a_record if {
	question.records.k.type == "Child" with input as fixture.question("Child", {})
}

test_an_unknown_value_is_no_record if {
	question.records == {} with input as fixture.question("Child", {"shield": "lifted"})
}

test_an_unknown_attribute_is_no_record if {
	question.records == {} with input as fixture.question("Child", {"famous": true})
}

test_a_candidate_stands_for_a_child if {
	record := question.records.k with input as fixture.question("Candidate", {"criteria": ["familyName"]})
	record.type == "Child"
	record.fields == {"familyName"}
}

test_a_candidate_whose_class_is_incomplete_is_no_record if {
	lacking := {"shield": "lifted", "criteria": ["familyName"]}
	question.records == {} with input as fixture.question("Candidate", lacking)
}

test_what_may_be_added_to_a_class_has_a_value_that_the_book_knows if {
	question.records.k with input as fixture.question("AccessLogEntry", {"asked_for": "review"})
	question.records == {} with input as fixture.question("AccessLogEntry", {"asked_for": "curiosity"})
}

test_a_list_that_may_be_added_to_a_class_holds_any_words if {
	question.records.k with input as fixture.question("Child", {"granted": ["address"]})
}

test_what_may_be_added_to_one_type_may_not_be_added_to_another if {
	question.records == {} with input as fixture.question("Child", {"criteria": ["familyName"]})
	question.records == {} with input as fixture.question("Setting", {"granted": ["address"]})
}

test_a_value_that_the_book_names_twice_makes_up_for_no_attribute_that_is_missing if {
	lacking := json.remove(fixture.question("Child", {}), ["items/k/class/consent"])
	question.records == {} with input as lacking
		with data.attributes.values.sensitive as [true, true, false, false]
}
