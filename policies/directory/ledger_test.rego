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

test_a_review_is_read_by_whoever_reviewed if {
	refused := ledger.refusals.k with input as fixture.asked("auditor", "review", "LedgerEntry", {"stated": "review"})
	refused == {"log-of-review": {field | some field in fixture.fields("LedgerEntry")}}
	own := {"stated": "review", "self": true}
	ledger.refusals == {} with input as fixture.asked("supervisor", "review", "LedgerEntry", own)
}

test_reviewers_are_overseen_from_outside if {
	elsewhere := {"stated": "review", "about": "other-authority", "reviewed": "other-authority"}
	ledger.refusals == {} with input as fixture.asked("auditor", "review", "LedgerEntry", elsewhere)
	at_home := object.union(elsewhere, {"about": "own-authority"})
	refused := ledger.refusals.k with input as fixture.asked("supervisor", "review", "LedgerEntry", at_home)
	refused == {"log-of-review": {field | some field in fixture.fields("LedgerEntry")}}
}

test_an_entry_that_says_not_whether_it_is_a_review_is_taken_for_one if {
	asked := fixture.asked("supervisor", "review", "LedgerEntry", {})
	unstated := json.remove(asked, ["items/k/class/stated"])

	# What lacks an attribute does not get here as a record; the rule itself refuses too.
	refused := ledger.refusals.k with input as unstated with data.directory.question.records as unstated.items
	refused["log-of-review"] == fixture.fields("LedgerEntry")
}

test_every_purpose_may_have_been_stated if {
	every purpose, _ in data.purposes {
		purpose in data.attributes.values.stated
	}
}

test_no_other_record_is_refused if {
	ledger.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {})
}
