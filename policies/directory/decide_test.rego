package directory.decide_test

import data.directory.fixture

test_every_field_asked_is_decided if {
	items := data.directory.items with input as fixture.question("Child", {"shield": "active", "conflict": true})
	object.keys(items.k.fields) == {field | some field in fixture.fields("Child")}
}

test_without_a_revision_there_is_no_answer if {
	not data.directory.answer with input as fixture.question("Child", {})
}

test_an_incomplete_class_is_concealed_whole if {
	items := data.directory.items with input as fixture.question("Child", {"famous": true})
	items.k.exists == "conceal"
	{outcome.effect | some outcome in items.k.fields} == {"conceal"}
}

test_a_candidate_refused_for_a_reason_that_the_book_does_not_know_is_concealed if {
	beyond := {"criteria": ["dateOfBirth", "familyName"]}
	items := data.directory.items with input as fixture.asked("voluntary-practitioner", "early-help", "Candidate", beyond)
		with data.reasons as []
	items.k.exists == "conceal"
}

test_only_what_was_asked_is_decided if {
	asked := fixture.question("Child", {"conflict": true})
	one := object.union(asked, {"items": {"k": object.union(asked.items.k, {"fields": ["id"]})}})
	items := data.directory.items with input as one
	object.keys(items.k.fields) == {"id"}
}

test_what_roles_do_not_permit_is_not_told_even_where_nothing_refuses_it if {
	items := data.directory.items with input as fixture.question("Child", {})
		with data.directory.roles.refusals as {}
	not items.k.fields.accessLog
}

test_a_role_may_be_told_the_year_of_birth_only if {
	items := data.directory.items with input as fixture.asked("gp", "direct-support", "Child", {})
		with data.roles.gp.masks as {"Child": {"birth-as-year": ["dateOfBirth"]}}
	items.k.fields.dateOfBirth == {
		"effect": "mask", "reasons": ["birth-as-year"],
		"tell": null, "remedy": null, "obligations": ["birth-year"],
	}
}

test_a_reason_of_which_the_book_does_not_say_what_is_told_hides_the_record if {
	every missing in {"tell", "remedy", "obligations"} {
		book := [object.remove(reason, [missing]) | some reason in data.reasons]
		items := data.directory.items with input as fixture.question("Child", {"shield": "active"})
			with data.reasons as book
		items.k.exists == "conceal"
	}
}

test_the_heaviest_of_the_reasons_that_an_engine_is_given_decides if {
	whole := fixture.question("Child", {"conflict": true, "shield": "active"})
	asked := object.union(whole, {"items": {"k": object.union(whole.items.k, {"fields": ["leadProfessional"]})}})
	every pair in [["conflict-declared", "shield-active"], ["shield-active", "conflict-declared"]] {
		weighed := {code: reason |
			some place, code in pair
			reason := {"effect": "withhold", "tell": code, "remedy": null, "obligations": [], "weight": 1009 + place}
		}
		items := data.directory.items with input as asked with data.weighed as weighed with data.reasons as []
		items.k.fields.leadProfessional.tell == pair[0]
		items.k.fields.leadProfessional.reasons == pair
	}
}

test_a_reason_that_conceals_hides_the_record_whatever_words_the_book_has_for_it if {
	words := {"tell": null, "remedy": null, "obligations": []}
	book := [object.union(words, reason) | some reason in data.reasons]
	items := data.directory.items with input as fixture.asked("health-practitioner", "unheard-of", "Child", {})
		with data.reasons as book
	items.k.exists == "conceal"
}
