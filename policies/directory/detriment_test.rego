package directory.detriment_test

import data.directory.detriment
import data.directory.fixture

test_a_refusal_states_its_reason if {
	refused := detriment.refusals.k with input as fixture.question("Action", {"justification": "missing"})
	refused == {"refusal-without-reason": {"recordRefusal"}}
}

test_a_recorded_reason_is_enough if {
	detriment.refusals == {} with input as fixture.question("Action", {})
}

test_no_other_record_is_refused if {
	detriment.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
