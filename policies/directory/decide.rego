# METADATA
# description: |
#   The one entrypoint. The subjects name what they refuse and why; only this file combines their refusals into decisions.
package directory

import data.directory.ask
import data.directory.authority
import data.directory.caller
import data.directory.conflict
import data.directory.own_record
import data.directory.question
import data.directory.retention
import data.directory.roles
import data.directory.search
import data.directory.sensitive
import data.directory.shielding

# METADATA
# title: Answer
# description: The decision on every item of the question, under the revision of the rules in force.
# entrypoint: true
answer := {"v": 1, "revision": data.revision.id, "items": items}

# METADATA
# scope: document
# title: Items
# description: What is concealed is concealed whole; of the rest each field is told, masked or withheld.
items[key] := decision if {
	some key, item in input.items
	key in _hidden
	reasons := [reason | some reason in _concealing[key]]
	concealed := {"effect": "conceal", "reasons": reasons, "tell": null, "remedy": null, "obligations": []}
	decision := {"exists": "conceal", "reasons": reasons, "fields": {field: concealed | some field in item.fields}}
}

items[key] := decision if {
	some key, item in input.items
	item.type != "Candidate"
	not key in _hidden
	decision := {"exists": "disclose", "reasons": [], "fields": object.union(_told[key], _refused[key])}
}

items[key] := decision if {
	some key, item in input.items
	item.type == "Candidate"
	not key in _hidden
	decision := {"exists": "disclose", "reasons": [], "fields": {field: _permitted |
		some field in item.fields
		field in data.fields.Candidate.match
	}}
}

_permitted := {"effect": "disclose", "reasons": ["role-permits"], "tell": null, "remedy": null, "obligations": []}

_subjects := [
	ask.refusals,
	authority.refusals,
	caller.refusals,
	conflict.refusals,
	own_record.refusals,
	retention.refusals,
	roles.refusals,
	search.refusals,
	sensitive.refusals,
	shielding.refusals,
]

_hidden contains key if {
	some key, reasons in _concealing
	count(reasons) > 0
}

# The fields of each record that each reason refuses. Two subjects giving one reason different fields is an error.
_refusals[key][reason] := fields if {
	some subject in _subjects
	some key, by_reason in subject
	some reason, fields in by_reason
}

_concealing[key] contains "class-incomplete" if {
	some key, _ in input.items
	not question.records[key]
}

# A reason the book does not know conceals.
_concealing[key] contains reason if {
	some key, by_reason in _refusals
	some reason, _ in by_reason
	not reason in _narrowing
}

# A candidate is there only if everything compared to find it is told plainly.
_concealing[key] contains "criterion-hidden" if {
	some key, item in input.items
	item.type == "Candidate"
	not _all_told(key)
}

_all_told(key) if {
	every field in question.records[key].fields {
		_told[key][field]
	}
}

_narrowing := {reason.code | some reason in data.reasons; reason.effect in {"withhold", "mask"}}

_touched[key] := {field | some fields in by_reason; some field in fields} if {
	some key, by_reason in _refusals
}

_told[key] := {field: _permitted | some field in ((record.fields & roles.permitted[key]) - _touched[key])} if {
	some key, record in question.records
}

_refused[key] := {field: outcome |
	some field in (record.fields & _touched[key])
	why := [reason | some reason in ranked; field in _refusals[key][reason.code]]
	outcome := {
		"effect": why[0].effect,
		"reasons": [reason.code | some reason in why],
		"tell": why[0].tell,
		"remedy": why[0].remedy,
		"obligations": [name | why[0].effect == "mask"; some reason in why; some name in reason.obligations],
	}
} if {
	some key, record in question.records
	ranked := [reason | some reason in data.reasons; _refusals[key][reason.code]]
}
