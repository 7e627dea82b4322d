package directory.ask_test

import data.directory.ask
import data.directory.fixture

test_an_ask_without_reason_is_refused if {
	ask.refusals.k["reason-missing"] with input as fixture.question("Ask", {"reason": "missing"})
}

test_a_child_does_not_explore_the_schema if {
	refused := ask.refusals.k with input as fixture.asked("child", "subject-access", "Ask", {})
	refused == {"introspection-not-for-role": {"introspection"}, "workbench-not-for-role": {"workbench"}}
}

test_a_practitioner_with_a_reason_is_refused_the_workbench_only if {
	refused := ask.refusals.k with input as fixture.question("Ask", {})
	refused == {"workbench-not-for-role": {"workbench"}}
}

test_a_policy_author_tries_rules if {
	ask.refusals == {} with input as fixture.asked("policy-author", "policy-testing", "Ask", {})
}

test_a_policy_author_tries_rules_for_that_purpose_only if {
	refused := ask.refusals.k with input as fixture.asked("policy-author", "direct-support", "Ask", {})
	refused["workbench-not-for-role"] == {"workbench"}
}

test_no_other_record_is_refused if {
	ask.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
