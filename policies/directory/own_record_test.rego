package directory.own_record_test

import data.directory.fixture
import data.directory.own_record

test_a_carer_finds_no_other_child if {
	own_record.refusals.k["not-own-record"] with input as fixture.asked("carer", "subject-access", "Child", {})
}

test_a_carer_finds_their_own if {
	own_record.refusals == {} with input as fixture.asked("carer", "subject-access", "Child", {"self": true})
}

test_a_practitioner_is_not_bound_to_an_own_record if {
	own_record.refusals == {} with input as fixture.question("Child", {})
}
