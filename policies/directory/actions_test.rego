package directory.actions_test

import data.directory.actions
import data.directory.fixture

test_a_practitioner_does_what_the_book_lists if {
	refused := actions.refusals.k with input as fixture.question("Action", {"involved": true})
	not "recordInvolvement" in refused["action-not-for-role"]
	"reviewShield" in refused["action-not-for-role"]
}

test_an_action_for_another_purpose_is_refused if {
	refused := actions.refusals.k with input as fixture.asked("directory-team", "brokering", "Action", {})
	"recordInvolvement" in refused["action-not-for-purpose"]
	not "answerBrokeredContact" in refused["action-not-for-purpose"]
}

test_what_is_held_elsewhere_is_changed_there if {
	refused := actions.refusals.k with input as fixture.question("Action", {"home": "other-authority"})
	"recordInvolvement" in refused["action-elsewhere"]
	not "requestBrokeredContact" in refused["action-elsewhere"]
}

test_an_involvement_is_changed_by_whoever_is_involved if {
	"endInvolvement" in actions.refusals.k["action-not-involved"] with input as fixture.question("Action", {})
	not actions.refusals.k["action-not-involved"] with input as fixture.question("Action", {"involved": true})
}

test_no_other_record_is_refused if {
	actions.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
