package directory.shielding_test

import data.directory.fixture
import data.directory.shielding

test_a_shield_leaves_names_and_birth if {
	refused := shielding.refusals.k["shield-active"] with input as fixture.question("Child", {"shield": "active"})
	{"address", "settings", "involvements", "formerNames"} & refused == {"address", "settings", "involvements", "formerNames"}
	count({"givenName", "familyName", "dateOfBirth", "gender", "carers"} & refused) == 0
}

test_a_provisional_shield_refuses_the_same if {
	provisional := shielding.refusals with input as fixture.question("Child", {"shield": "provisional"})
	active := shielding.refusals with input as fixture.question("Child", {"shield": "active"})
	provisional == active
}

test_no_shield_refuses_nothing if {
	shielding.refusals == {} with input as fixture.question("Child", {})
}

test_the_directory_team_handles_shields if {
	shielding.refusals == {} with input as fixture.asked("directory-team", "brokering", "Child", {"shield": "active"})
}

test_who_reads_the_log_lifts_no_shield_from_a_child if {
	refused := shielding.refusals.k["shield-active"] with input as fixture.asked("auditor", "review", "Child", {"shield": "active"})
	"address" in refused
	not "accessLog" in refused
}

test_a_shield_hides_the_record_from_other_authorities if {
	abroad := object.union(fixture.question("Child", {"shield": "active"}), {"access": object.union(
		fixture.question("Child", {}).access,
		{"origin": "cross-border"},
	)})
	"givenName" in shielding.refusals.k["shield-hides-abroad"] with input as abroad
	not shielding.refusals.k["shield-hides-abroad"] with input as fixture.question("Child", {"shield": "active"})
}
