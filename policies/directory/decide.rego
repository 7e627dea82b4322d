# METADATA
# description: |
#   The one entrypoint. The subjects name what they refuse and why; only this file combines their refusals into decisions.
package directory

import data.directory.access_log
import data.directory.actions
import data.directory.ask
import data.directory.authority
import data.directory.caller
import data.directory.conflict
import data.directory.counts
import data.directory.detriment
import data.directory.grants
import data.directory.ledger
import data.directory.own_record
import data.directory.question
import data.directory.recording
import data.directory.retention
import data.directory.review
import data.directory.roles
import data.directory.search
import data.directory.sensitive
import data.directory.shielding
import data.directory.suppliers
import data.directory.transfer

# METADATA
# title: Answer
# description: The decision on every item of the question, under the revision of the rules in force.
# entrypoint: true
# custom:
#   domain: [L1]
answer := {"v": 1, "revision": data.revision.id, "items": items}

# METADATA
# title: Concealed items
# description: What is concealed is concealed whole, and nothing shows it.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [S3, H3, V2]
items[key] := {"exists": "conceal", "reasons": reasons, "fields": fields} if {
	some key, codes in _concealing
	reasons := [code | some code in codes]
	fields := {field: outcome |
		some field in input.items[key].fields
		outcome := {"effect": "conceal", "reasons": reasons, "tell": null, "remedy": null, "obligations": []}
	}
}

# METADATA
# title: Told items
# description: Of a record that exists each field is told, masked or withheld.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [A3]
items[key] := {"exists": "disclose", "reasons": [], "fields": object.union(told, _refused[key])} if {
	some key, plain in _plain
	input.items[key].type != "Candidate"
	told := {field: _permitted | some field in plain}
}

# METADATA
# title: Found candidates
# description: A candidate is found only through fields that are told as they are.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [S3]
items[key] := {"exists": "disclose", "reasons": [], "fields": told} if {
	some key in _found
	not _concealing[key]
	told := {field: _permitted | some field in input.items[key].fields; field in data.fields.Candidate.match}
}

_permitted := {"effect": "disclose", "reasons": ["role-permits"], "tell": null, "remedy": null, "obligations": []}

_subjects := [
	access_log.refusals,
	actions.refusals,
	ask.refusals,
	authority.refusals,
	caller.refusals,
	conflict.refusals,
	counts.refusals,
	detriment.refusals,
	grants.refusals,
	ledger.refusals,
	own_record.refusals,
	recording.refusals,
	retention.refusals,
	review.refusals,
	roles.refusals,
	search.refusals,
	sensitive.refusals,
	shielding.refusals,
	suppliers.refusals,
	transfer.refusals,
]

# The fields of each record that each reason refuses. Two subjects giving one reason different fields is an error.
_refusals[key][reason] := fields if {
	some subject in _subjects
	some key, by_reason in subject
	some reason, fields in by_reason
	not grants.lifts[key][reason]
}

_refusals[key][reason] := fields if {
	some key, lifted in grants.lifts
	some reason, opened in lifted
	some subject in _subjects
	fields := subject[key][reason] - opened
	count(fields) > 0
}

# What only a grant reveals is told in the fields it names, and in no other.
_refusals[key]["not-granted"] := fields if {
	some key, fields in grants.beside
	some subject in _subjects
	some reason, _ in subject[key]
	not reason in _narrowing
}

# The reasons to conceal a record, for those that have one: an incomplete class, a refusal that conceals or that the
# book does not know, a candidate that was found through something not plainly told.
_concealing[key] := {"class-incomplete"} if {
	some key, _ in input.items
	not question.records[key]
}

_concealing[key] := codes if some key, codes in _silencing

_concealing[key] := {code | some outcome in _refused[key]; some code in outcome.reasons} | {"criterion-hidden"} if {
	some key, _ in _narrowed
	input.items[key].type == "Candidate"
	not key in _found
}

# The refusals that conceal, or that the book does not know, of each record that has one.
_silencing[key] := codes if {
	some key, by_reason in _refusals
	codes := object.keys(by_reason) - _narrowing
	count(codes) > 0
}

# The records that are refused in part, or not at all: of the others there is no outcome, and so no told item.
_narrowed[key] := record if {
	some key, record in question.records
	not _silencing[key]
}

# Candidates whose every compared field is told as it is.
_found contains key if {
	some key, plain in _plain
	input.items[key].type == "Candidate"
	count(question.records[key].fields - plain) == 0
}

# The reasons met in this question, the weightiest first: the book has many more.
_given := [reason | some reason in data.reasons; reason.code in _codes]

_codes contains code if {
	some by_reason in _refusals
	some code, _ in by_reason
}

_narrowing := {reason.code | some reason in data.reasons; reason.effect in {"withhold", "mask"}}

# The fields that are told as they are: permitted, and refused for no reason.
_plain[key] := permitted - _touched[key] if {
	some key, permitted in roles.permitted
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
	some key, record in _narrowed
	ranked := [reason | some reason in _given; _refusals[key][reason.code]]
}
