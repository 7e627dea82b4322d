package directory.recording_test

import data.directory.fixture
import data.directory.recording

test_a_sensitive_service_needs_a_footing if {
	refused := recording.refusals.k["footing-missing"] with input as fixture.question("Action", {"sensitive": true})
	refused == {"recordInvolvement"}
}

test_an_adult_service_needs_a_footing if {
	recording.refusals.k["footing-missing"] with input as fixture.question("Action", {"subject": "carer"})
}

test_a_carer_does_not_consent_for_a_child_who_understands if {
	beyond := {"self": true, "understanding": "sufficient"}
	refused := recording.refusals.k with input as fixture.asked("carer", "subject-access", "Action", beyond)
	refused == {"consent-of-another": {"recordConsent", "withdrawConsent"}}
}

test_an_ordinary_involvement_needs_no_footing if {
	recording.refusals == {} with input as fixture.question("Action", {})
}

test_no_other_record_is_refused if {
	recording.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
