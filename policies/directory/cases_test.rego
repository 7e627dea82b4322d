package directory_test

import data.directory

# Every named situation of cases/*.json, one test each.
test_case[name] if {
	some name, case in object.remove(data.cases, ["plain"])
	answer := directory.answer with input as _question(case)
		with data.revision as {"id": "test"}
	_holds(case.expect, answer.items.case)
}

_question(case) := {
	"v": 1,
	"caller": object.union(data.cases.plain.caller, object.get(case, "caller", {})),
	"access": object.union(data.cases.plain.access, object.get(case, "access", {})),
	"items": {"case": {"type": case.type, "fields": _fields(case), "class": _class(case)}},
}

_fields(case) := object.get(case, "fields", [name | some name, _ in object.get(case.expect, "fields", {})])

_class(case) := object.remove(
	object.union(data.cases.plain.class[case.type], object.get(case, "class", {})),
	object.get(case, "without", []),
)

_holds(expect, decision) if {
	expect.exists == decision.exists
	_same_words(object.get(expect, "reasons", decision.reasons), decision.reasons)
	every name, wanted in object.get(expect, "fields", {}) {
		_as_wanted(wanted, decision.fields[name])
	}
}

_as_wanted(wanted, field) if wanted == field.effect

_as_wanted(wanted, field) if {
	is_object(wanted)
	every part, value in wanted {
		_same_part(value, field[part])
	}
}

_same_part(wanted, got) if wanted == got

_same_part(wanted, got) if _same_words(wanted, got)

_same_words(wanted, got) if {
	is_array(wanted)
	{word | some word in wanted} == {word | some word in got}
}
