package directory.access_log_test

import data.directory.access_log
import data.directory.fixture

test_a_withheld_entry_is_hidden_from_the_child if {
	beyond := {"self": true, "withholding": "in-force"}
	access_log.refusals.k["log-entry-withheld"] with input as fixture.asked("child", "subject-access", "AccessLogEntry", beyond)
}

test_a_reviewer_sees_a_withheld_entry if {
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "AccessLogEntry", {"withholding": "in-force"})
}

test_a_supervisor_looks_at_their_own_callers if {
	beyond := {"asker": "other-authority"}
	access_log.refusals.k["log-of-other-authority"] with input as fixture.asked("supervisor", "review", "AccessLogEntry", beyond)
}

test_an_auditor_looks_at_all_callers if {
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "AccessLogEntry", {"asker": "other-authority"})
}

test_no_other_record_is_refused if {
	access_log.refusals == {} with input as fixture.asked("supervisor", "review", "Child", {})
}

test_an_enquiry_is_hidden_from_the_carer if {
	beyond := {"self": true, "asked_for": "safeguarding-enquiry"}
	access_log.refusals.k["log-of-enquiry"] with input as fixture.asked("carer", "subject-access", "AccessLogEntry", beyond)
}

test_an_entry_of_unknown_purpose_is_hidden_from_the_carer if {
	beyond := {"self": true}
	access_log.refusals.k["log-of-enquiry"] with input as fixture.asked("carer", "subject-access", "AccessLogEntry", beyond)
}

test_ordinary_support_is_shown_to_the_carer if {
	beyond := {"self": true, "asked_for": "direct-support"}
	refused := access_log.refusals.k with input as fixture.asked("carer", "subject-access", "AccessLogEntry", beyond)
	refused == {"log-words-of-others": {"reason", "caseReference"}}
}

test_an_enquiry_is_shown_to_the_child_and_the_auditor if {
	beyond := {"self": true, "asked_for": "safeguarding-enquiry"}
	refused := access_log.refusals.k with input as fixture.asked("child", "subject-access", "AccessLogEntry", beyond)
	refused == {"log-words-of-others": {"reason", "caseReference"}}
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "AccessLogEntry", beyond)
}

test_who_looked_for_a_sensitive_service_is_withheld if {
	beyond := {"self": true, "sensitive": true}
	access_log.refusals.k["log-of-sensitive-service"] with input as fixture.asked("child", "subject-access", "AccessLogEntry", beyond)
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "AccessLogEntry", beyond)
}

test_what_is_prepared_for_a_carer_is_what_a_carer_may_see if {
	beyond := {"asked_for": "safeguarding-enquiry", "reader": "carer"}
	access_log.refusals.k["log-of-enquiry"] with input as fixture.asked("auditor", "review", "AccessLogEntry", beyond)
}

test_nothing_is_prepared_of_a_shielded_child if {
	beyond := {"asked_for": "direct-support", "reader": "child", "shield": "associated"}
	access_log.refusals.k["log-of-shielded-child"] with input as fixture.asked("auditor", "subject-access", "AccessLogEntry", beyond)
}

test_only_a_review_shows_what_is_withheld if {
	beyond := {"asked_for": "direct-support", "withholding": "in-force"}
	access_log.refusals.k["log-entry-withheld"] with input as fixture.asked("auditor", "subject-access", "AccessLogEntry", beyond)
}

test_a_withholding_has_a_ground_and_an_independent_reviewer if {
	refused := access_log.refusals.k with input as fixture.asked("auditor", "review", "Action", {})
	refused == {"withholding-not-independent": {"confirmWithholding"}, "withholding-ground-unknown": {"withholdLogEntry"}}
	sound := {"ground": "legal-proceedings", "reviewers": "independent"}
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "Action", sound)
}

test_that_an_entry_was_withheld_is_for_reviewers if {
	beyond := {"self": true, "asked_for": "review", "actions": ["confirmWithholding"]}
	access_log.refusals.k["log-of-withholding"] with input as fixture.asked("child", "subject-access", "AccessLogEntry", beyond)
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "AccessLogEntry", beyond)
}

test_stating_a_review_shows_nothing_to_who_does_not_handle_the_log if {
	beyond := {"self": true, "asked_for": "direct-support", "withholding": "in-force"}
	access_log.refusals.k["log-entry-withheld"] with input as fixture.asked("child", "review", "AccessLogEntry", beyond)
}
