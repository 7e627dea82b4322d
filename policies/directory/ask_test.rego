package directory.ask_test

import data.directory.ask
import data.directory.fixture

test_an_ask_without_reason_is_refused if {
	ask.refusals.k["reason-missing"] with input as fixture.question("Ask", {"reason": "missing"})
}

test_a_child_does_not_explore_the_schema if {
	refused := ask.refusals.k with input as fixture.asked("child", "subject-access", "Ask", {})
	refused == {"introspection-not-for-role": {"introspection"}}
}

test_a_practitioner_with_a_reason_is_not_refused if {
	ask.refusals == {} with input as fixture.question("Ask", {})
}
