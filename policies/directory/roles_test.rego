package directory.roles_test

import data.directory.fixture
import data.directory.roles

test_a_role_sees_what_the_book_lists if {
	seen := roles.permitted.k with input as fixture.question("Child", {})
	"nhsNumber" in seen
	not "upn" in seen
}

test_an_unknown_role_sees_nothing if {
	refused := roles.refusals.k with input as fixture.asked("celebrity-officer", "direct-support", "Child", {})
	refused["type-not-for-role"]
}

test_a_purpose_leaves_out_what_the_book_lists if {
	refused := roles.refusals.k with input as fixture.asked("education-practitioner", "missing-education", "Child", {})
	"involvements" in refused["field-not-for-purpose"]
}

test_a_mask_belongs_to_a_role if {
	refused := roles.refusals.k with input as fixture.asked("voluntary-practitioner", "early-help", "Child", {})
	refused["address-as-district"] == {"address"}
}

test_an_unknown_role_does_not_even_see_what_is_open if {
	refused := roles.refusals.k with input as fixture.asked("unheard-of", "direct-support", "Setting", {})
	refused["type-not-for-role"]
}
