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
	access_log.refusals == {} with input as fixture.asked("carer", "subject-access", "AccessLogEntry", beyond)
}

test_an_enquiry_is_shown_to_the_child_and_the_auditor if {
	beyond := {"self": true, "asked_for": "safeguarding-enquiry"}
	access_log.refusals == {} with input as fixture.asked("child", "subject-access", "AccessLogEntry", beyond)
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "AccessLogEntry", beyond)
}

test_who_looked_for_a_sensitive_service_is_withheld if {
	beyond := {"self": true, "sensitive": true}
	access_log.refusals.k["log-of-sensitive-service"] with input as fixture.asked("child", "subject-access", "AccessLogEntry", beyond)
	access_log.refusals == {} with input as fixture.asked("auditor", "review", "AccessLogEntry", beyond)
}
