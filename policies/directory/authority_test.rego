package directory.authority_test

import data.directory.authority
import data.directory.fixture

test_a_voluntary_practitioner_reaches_no_further if {
	refused := authority.refusals.k with input as fixture.asked("voluntary-practitioner", "early-help", "Child", {"home": "other-authority"})
	refused["other-authority"]
}

test_national_identifiers_stay_home if {
	asked := fixture.question("Child", {})
	abroad := object.union(asked, {"access": object.union(asked.access, {"origin": "cross-border"})})
	refused := authority.refusals.k with input as abroad
	refused["identifier-stays-home"] == {"nhsNumber", "upn"}
}

test_at_home_nothing_is_refused if {
	authority.refusals == {} with input as fixture.question("Child", {})
}
