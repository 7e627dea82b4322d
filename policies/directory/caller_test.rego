package directory.caller_test

import data.directory.caller
import data.directory.fixture

test_a_current_caller_with_a_purpose_is_not_refused if {
	caller.refusals == {} with input as fixture.question("Child", {})
}

test_a_purpose_of_another_role_is_refused if {
	caller.refusals.k["purpose-not-allowed"] with input as fixture.asked("auditor", "direct-support", "Child", {})
}

test_a_lapsed_caller_is_refused if {
	asked := fixture.question("Child", {})
	lapsed := object.union(asked, {"caller": object.union(asked.caller, {"standing": "check-lapsed"})})
	caller.refusals.k["caller-not-current"] with input as lapsed
}

test_a_missing_standing_is_refused if {
	asked := fixture.question("Child", {})
	silent := object.union(object.remove(asked, ["caller"]), {"caller": object.remove(asked.caller, ["standing"])})
	caller.refusals.k["caller-not-current"] with input as silent
}

test_a_missing_origin_is_refused if {
	asked := fixture.question("Child", {})
	silent := object.union(object.remove(asked, ["access"]), {"access": object.remove(asked.access, ["origin"])})
	caller.refusals.k["origin-unknown"] with input as silent
}

test_duties_are_those_of_both if {
	asked := fixture.asked("directory-team", "brokering", "Child", {})
	mediated := object.union(asked, {"caller": object.union(asked.caller, {"acts_for": {"role": "gp", "standing": "current"}})})
	caller.handles == {"shielded", "sensitive", "retained"} with input as asked
	caller.handles == set() with input as mediated
}

test_a_lapsed_caller_is_refused_a_record_for_that_alone if {
	asked := fixture.question("Child", {})
	lapsed := object.union(asked, {"caller": object.union(asked.caller, {"standing": "suspended"})})
	refused := caller.refusals.k with input as lapsed
	object.keys(refused) == {"caller-not-current"}
}

test_who_may_not_mediate_is_refused_a_record_for_that_alone if {
	asked := fixture.asked("voluntary-practitioner", "direct-support", "Child", {})
	between := {"acts_for": {"role": "voluntary-practitioner", "standing": "current"}}
	refused := caller.refusals.k with input as object.union(asked, {"caller": object.union(asked.caller, between)})
	object.keys(refused) == {"caller-not-current"}
}

test_a_purpose_of_another_role_is_the_one_reason if {
	refused := caller.refusals.k with input as fixture.asked("auditor", "direct-support", "Child", {})
	object.keys(refused) == {"purpose-not-allowed"}
}

test_a_purpose_that_the_book_does_not_list_is_not_allowed if {
	not caller.purpose_allowed with input as fixture.question("Child", {})
		with data.purposes as {}
}

test_who_stands_between_counts_among_the_roles if {
	roles := caller.roles with input as _through({"role": "voluntary-practitioner", "standing": "current"})
	roles == {"peer", "gp", "voluntary-practitioner"}
}

test_who_stands_between_is_current if {
	caller.current with input as _through({"role": "gp", "standing": "current"})
	not caller.current with input as _through({"role": "gp", "standing": "suspended"})
	not caller.current with input as _through({"role": "gp"})
	not caller.current with input as _through({"standing": "current"})
	not caller.current with input as _through({"role": "peer", "standing": "current"})
	not caller.current with input as _through({})
	not caller.current with input as _through({"role": "voluntary-practitioner", "standing": "current"})
}

_through(between) := object.union(asked, {"caller": object.union(asked.caller, {
	"role": "peer",
	"acts_for": {"role": "gp", "standing": "current", "through": between},
})}) if {
	asked := fixture.question("Child", {})
}
