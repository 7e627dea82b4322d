package directory.sensitive_test

import data.directory.fixture
import data.directory.sensitive

test_most_see_an_unspecified_service if {
	refused := sensitive.refusals.k with input as fixture.question("Involvement", {"sensitive": true, "consent": "given"})
	refused["sensitive-unspecified"] == {"service"}
	not "child" in refused["sensitive-service"]
	"agency" in refused["sensitive-service"]
}

test_withdrawn_consent_refuses_everyone if {
	some role in ["gp", "directory-team", "child"]
	sensitive.refusals.k["consent-lacking"] with input as fixture.asked(role, "", "Involvement", {"consent": "withdrawn"})
}

test_an_adult_service_is_never_plain if {
	refused := sensitive.refusals.k with input as fixture.question("Involvement", {"subject": "carer", "consent": "given"})
	refused["adult-service-hidden"]
}

test_an_ordinary_involvement_is_not_refused if {
	sensitive.refusals == {} with input as fixture.question("Involvement", {})
}

test_a_childs_service_is_not_judged_as_an_adult_service if {
	beyond := {"sensitive": true, "consent": "given"}
	refused := sensitive.refusals.k with input as fixture.asked("gp", "safeguarding-enquiry", "Involvement", beyond)
		with data.roles.gp.adult_services as "full"
	refused["sensitive-unspecified"] == {"service"}
}
