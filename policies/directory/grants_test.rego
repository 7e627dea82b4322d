package directory.grants_test

import data.directory.fixture
import data.directory.grants

_with_grant(asked, grant) := object.union(asked, {"access": object.union(asked.access, {"grant": grant})})

_usable := {"kind": "break-glass", "ground": "significant-harm", "state": "usable", "justification": "recorded"}

_shielded := fixture.asked("social-worker", "safeguarding-enquiry", "Child", {"shield": "active", "granted": ["address"]})

test_a_usable_grant_lifts_the_shield_from_the_named_field if {
	lifted := grants.lifts.k with input as _with_grant(_shielded, _usable)
	lifted["shield-active"] == {"address"}
	not lifted["sensitive-service"]
}

test_a_spent_grant_lifts_nothing if {
	grants.lifts == {} with input as _with_grant(_shielded, object.union(_usable, {"state": "spent"}))
}

test_an_id_lifts_nothing if {
	grants.lifts == {} with input as _with_grant(_shielded, "00000000-0000-4000-8000-000000000000")
}

test_without_a_grant_nothing_is_lifted if {
	grants.lifts == {} with input as _shielded
}

test_a_grant_needs_its_roles_ground_and_reason if {
	beyond := {"grant": "break-glass", "ground": "court-order", "justification": "missing", "earlier": "overdue"}
	refused := grants.refusals.k with input as fixture.asked("gp", "direct-support", "Action", beyond)
	object.keys(refused) == {"earlier-grant-unreviewed", "ground-unknown", "justification-missing"}
}

test_a_teacher_is_given_no_grant if {
	refused := grants.refusals.k with input as fixture.asked("education-practitioner", "direct-support", "Action", {"grant": "break-glass"})
	refused["grant-not-for-role"] == {"requestGrant"}
}

test_no_other_record_is_refused if {
	grants.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}

test_a_grant_is_told_to_its_asker_and_to_reviewers if {
	grants.refusals.k["grant-of-another"] with input as fixture.asked("gp", "direct-support", "Grant", {})
	grants.refusals == {} with input as fixture.asked("gp", "direct-support", "Grant", {"self": true})
	grants.refusals == {} with input as fixture.asked("supervisor", "review", "Grant", {})
}
