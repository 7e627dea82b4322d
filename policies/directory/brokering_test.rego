package directory.brokering_test

import data.directory.brokering
import data.directory.fixture

test_an_asker_is_told_of_their_request if {
	brokering.refusals == {} with input as fixture.question("BrokeredContact", {"self": true})
}

test_a_request_of_another_is_hidden if {
	brokering.refusals.k["contact-of-another"] with input as fixture.question("BrokeredContact", {})
}

test_the_team_is_told_of_every_request_of_its_authority if {
	brokering.refusals == {} with input as fixture.asked("directory-team", "brokering", "BrokeredContact", {})
}

test_the_team_is_told_of_no_request_elsewhere if {
	asked := fixture.asked("directory-team", "brokering", "BrokeredContact", {"home": "other-authority"})
	brokering.refusals.k["contact-of-another"] with input as asked
}

test_the_team_is_told_of_no_request_for_another_purpose if {
	asked := fixture.asked("directory-team", "administration", "BrokeredContact", {})
	brokering.refusals.k["contact-of-another"] with input as asked
}

test_whoever_has_a_conflict_is_told_of_no_request if {
	asked := fixture.asked("directory-team", "brokering", "BrokeredContact", {"conflict": true})
	brokering.refusals.k["contact-of-another"] with input as asked
}

test_a_request_whose_time_is_over_is_gone_for_everybody if {
	brokering.refusals.k["contact-past"] with input as fixture.question("BrokeredContact", {"self": true, "age": "past"})
	asked := fixture.asked("directory-team", "brokering", "BrokeredContact", {"age": "past"})
	brokering.refusals.k["contact-past"] with input as asked
}

test_an_answer_is_taken_back_by_whatever_has_been_closed_since if {
	every since in {"shield", "conflict", "footing", "refusal", "standing", "unknown"} {
		asked := fixture.question("BrokeredContact", {"self": true, "since": since})
		brokering.refusals.k["answer-taken-back"] == {"state", "answer"} with input as asked
	}
}

test_an_answer_stands_while_nothing_has_been_closed if {
	brokering.refusals == {} with input as fixture.question("BrokeredContact", {"self": true, "since": "nothing"})
}

test_the_team_reads_what_was_answered_whatever_has_been_closed_since if {
	asked := fixture.asked("directory-team", "brokering", "BrokeredContact", {"since": "shield"})
	brokering.refusals == {} with input as asked
}

test_nobody_is_connected_by_the_agreement_of_one if {
	asked := fixture.asked("directory-team", "brokering", "Action", {"step": "connect", "agreement": "one"})
	brokering.refusals.k["contact-not-agreed"] == {"answerBrokeredContact"} with input as asked
}

test_an_answer_that_does_not_say_what_it_does_needs_agreement if {
	asked := fixture.asked("directory-team", "brokering", "Action", {})
	brokering.refusals.k["contact-not-agreed"] with input as asked
}

test_both_agreed_to_be_connected if {
	asked := fixture.asked("directory-team", "brokering", "Action", {"step": "connect", "agreement": "both"})
	brokering.refusals == {} with input as asked
}

test_a_request_is_closed_without_agreement if {
	brokering.refusals == {} with input as fixture.asked("directory-team", "brokering", "Action", {"step": "close"})
}

test_no_other_record_is_refused if {
	brokering.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
