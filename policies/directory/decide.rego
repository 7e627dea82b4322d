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
items[key] := {"exists": "conceal", "reasons": reasons, "fields": fields} if {
	some key, codes in _concealing
	reasons := [code | some code in codes]
	fields := {field: outcome |
		some field in input.items[key].fields
		outcome := {"effect": "conceal", "reasons": reasons, "tell": null, "remedy": null, "obligations": []}
	}
}

items[key] := {"exists": "disclose", "reasons": [], "fields": object.union(told, _refused[key])} if {
	some key, plain in _plain
	input.items[key].type != "Candidate"
	not _concealing[key]
	told := {field: _permitted | some field in plain}
}

items[key] := {"exists": "disclose", "reasons": [], "fields": told} if {
	some key in _found
	not _concealing[key]
	told := {field: _permitted | some field in input.items[key].fields; field in data.fields.Candidate.match}
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

# The fields of each record that each reason refuses. Two subjects giving one reason different fields is an error.
_refusals[key][reason] := fields if {
	some subject in _subjects
	some key, by_reason in subject
	some reason, fields in by_reason
}

# The reasons to conceal a record, for those that have one: an incomplete class, a refusal that conceals or that the
# book does not know, a candidate that was found through something not plainly told.
_concealing[key] := {"class-incomplete"} if {
	some key, _ in input.items
	not question.records[key]
}

_concealing[key] := codes if {
	some key, by_reason in _refusals
	codes := object.keys(by_reason) - _narrowing
	count(codes) > 0
}

_concealing[key] := {code | some outcome in _refused[key]; some code in outcome.reasons} | {"criterion-hidden"} if {
	some key, by_reason in _refusals
	input.items[key].type == "Candidate"
	not key in _found
	count(object.keys(by_reason) - _narrowing) == 0
}

# Candidates whose every compared field is told as it is.
_found contains key if {
	some key, plain in _plain
	input.items[key].type == "Candidate"
	count(question.records[key].fields - plain) == 0
}

_narrowing := {reason.code | some reason in data.reasons; reason.effect in {"withhold", "mask"}}

# The fields that are told as they are: permitted, and refused for no reason.
_plain[key] := (record.fields & roles.permitted[key]) - _touched[key] if {
	some key, record in question.records
}

_touched[key] := {field | some fields in by_reason; some field in fields} if {
	some key, by_reason in _refusals
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
