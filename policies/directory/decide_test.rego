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
