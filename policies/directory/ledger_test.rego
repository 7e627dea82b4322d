package directory.ledger_test

import data.directory.fixture
import data.directory.ledger

test_an_auditor_reads_the_ledger if {
	ledger.refusals == {} with input as fixture.asked("auditor", "review", "Ask", {})
	ledger.refusals == {} with input as fixture.asked("auditor", "review", "LedgerEntry", {})
}

test_an_auditor_reads_it_for_review_only if {
	refused := ledger.refusals.k with input as fixture.asked("auditor", "subject-access", "Ask", {})
	refused == {"ledger-not-for-role": {"ledger"}}
}

test_a_nurse_does_not_read_the_ledger if {
	refused := ledger.refusals.k with input as fixture.question("LedgerEntry", {})
	refused["ledger-not-for-role"] == {field | some field in fixture.fields("LedgerEntry")}
}

test_a_supervisor_reads_of_the_own_authority_only if {
	ledger.refusals == {} with input as fixture.asked("supervisor", "review", "LedgerEntry", {})
	refused := ledger.refusals.k with input as fixture.asked("supervisor", "review", "LedgerEntry", {"about": "other-authority"})
	refused == {"log-of-other-authority": {field | some field in fixture.fields("LedgerEntry")}}
}

test_no_other_record_is_refused if {
	ledger.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {})
}
