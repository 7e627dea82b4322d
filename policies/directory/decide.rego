# METADATA
# description: |
#   The one entrypoint. The subjects name what they refuse and why; only this file combines their refusals into decisions.
package directory

import data.directory.access_log
import data.directory.actions
import data.directory.ask
import data.directory.authority
import data.directory.brokering
import data.directory.caller
import data.directory.conflict
import data.directory.counts
import data.directory.detriment
import data.directory.grants
import data.directory.ledger
import data.directory.messages
import data.directory.own_record
import data.directory.question
import data.directory.queues
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
	concealed := {"effect": "conceal", "reasons": reasons, "tell": null, "remedy": null, "obligations": []}

	# regal ignore:comprehension-term-assignment,pointless-reassignment
	fields := {field: outcome | some field in input.items[key].fields; outcome := concealed}
}

# METADATA
# title: Told items
# description: Of a record that exists each field is told, masked or withheld.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [A3]
items[key] := {"exists": "disclose", "reasons": [], "fields": object.union(told, refused)} if {
	some key, refused in _refused
	not question.candidates[key]
	permitted := roles.permitted[key]
	told := {field: _permitted | some field in (permitted - object.keys(refused))}
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
	told := {field: _permitted | some field in input.items[key].fields; _of_a_match[field]}
}

_permitted := {"effect": "disclose", "reasons": ["role-permits"], "tell": null, "remedy": null, "obligations": []}

# The subjects that may refuse whatever is asked for.
_subjects := [
	authority.refusals,
	caller.refusals,
	conflict.refusals,
	messages.refusals,
	own_record.refusals,
	retention.refusals,
	review.refusals,
	roles.refusals,
	sensitive.refusals,
	shielding.refusals,
]

# Those that speak of the types named alone: they cost nothing where no such record is asked for.
_subjects_of.AccessLogEntry := [access_log.refusals]

_subjects_of.Action := [
	access_log.refusals,
	actions.refusals,
	brokering.refusals,
	detriment.refusals,
	grants.refusals,
	recording.refusals,
	suppliers.refusals,
	transfer.refusals,
]

_subjects_of.Ask := [ask.refusals, ledger.refusals]

_subjects_of.BrokeredContact := [brokering.refusals]

_subjects_of.Count := [counts.refusals]

_subjects_of.Grant := [grants.refusals]

_subjects_of.LedgerEntry := [ledger.refusals]

_subjects_of.QueueEntry := [queues.refusals]

_subjects_of.Search := [search.refusals]

_speaking := array.concat(_subjects, [subject |
	some type in object.keys(question.of_type)
	some subject in _subjects_of[type]
])

_of_a_match := {field | some field in data.fields.Candidate.match}

# The fields of each record that each reason refuses. Two subjects giving one reason different fields is an error.
_refusals[key][reason] := fields if {
	lifts := grants.lifts
	some subject in _speaking
	some key, by_reason in subject
	some reason, fields in by_reason
	not lifts[key][reason]
}

_refusals[key][reason] := fields if {
	some key, lifted in grants.lifts
	some reason, opened in lifted
	some subject in _speaking
	fields := subject[key][reason] - opened
	count(fields) > 0
}

# What only a grant reveals is told in the fields it names, and in no other.
_refusals[key]["not-granted"] := fields if {
	some key, fields in grants.beside
	some subject in _speaking
	some code, _ in subject[key]
	grants.reveals[code]
}

# The reasons to conceal a record, for those that have one: an incomplete class, a refusal that conceals or that the
# book does not know, a candidate that was found through something not plainly told.
_concealing[key] := {"class-incomplete"} if {
	items := input.items
	some key, _ in items
	not _recorded[key]
}

_concealing[key] := object.keys(_refusals[key]) - object.keys(_narrowing) if some key in _silenced

_concealing[key] := {code | some outcome in refused; some code in outcome.reasons} | {"criterion-hidden"} if {
	some key in question.candidates
	refused := _refused[key]
	not _found[key]
}

_recorded := object.keys(question.records)

_touched := object.keys(_refusals)

# The records with a refusal that conceals, or that the book does not know.
_silenced contains key if {
	some key in _touched
	some code, _ in _refusals[key]
	not _narrowing[code]
}

# Candidates whose every compared field is told as it is.
_found contains key if {
	some key in question.candidates
	_refused[key] == {}
	permitted := roles.permitted[key]
	every field in question.records[key].fields {
		permitted[field]
	}
}

# The codes of the reasons met in this question that the book knows, the weightiest first.
_given := [pair[1] | some pair in sort(_by_weight)]

_by_weight := [pair | some code in _codes; reason := _weighed[code]; pair := [reason.weight, code]]

_codes := {code | some key in _touched; some code in object.keys(_refusals[key])}

# The reasons of the book by code, each with its weight: engines are given them so, for the book has many more than are
# met. Where the rules are tried on the book alone, by their tests, they are weighed here.
_weighed := data.weighed

_weighed := {reason.code: weighed |
	some place, reason in data.reasons
	weighed := object.union(reason, {"weight": place + 1000})
} if {
	not data.weighed
}

# The reasons met that leave the record there, where the book says what is told of them: one of which it does not hides it.
_narrowing := {code: told |
	some code in _given
	reason := _weighed[code]
	_in_part[reason.effect]
	told := {
		"effect": reason.effect,
		"tell": reason.tell,
		"remedy": reason.remedy,
		"obligations": reason.obligations,
	}
}

_in_part := {"withhold", "mask"}

# What becomes of the refused fields of each record that is told in part or in full; of the others there is no outcome.
_refused[key] := {field: outcome |
	some field in refused
	codes := [code | some code in ranked; by_reason[code][field]]
	outcome := _outcome(codes, codes[0])
} if {
	some key in _touched
	not _silenced[key]
	by_reason := _refusals[key]
	refused := question.records[key].fields & {field | some fields in by_reason; some field in fields}
	ranked := [code | some code in _given; by_reason[code]]
}

_refused[key] := {} if {
	some key in _recorded
	not _touched[key]
}

# The weightiest reason decides.
_outcome(codes, weightiest) := {
	"effect": "withhold",
	"reasons": codes,
	"tell": reason.tell,
	"remedy": reason.remedy,
	"obligations": [],
} if {
	reason := _narrowing[weightiest]
	reason.effect == "withhold"
}

_outcome(codes, weightiest) := {
	"effect": "mask",
	"reasons": codes,
	"tell": reason.tell,
	"remedy": reason.remedy,
	"obligations": obligations,
} if {
	reason := _narrowing[weightiest]
	reason.effect == "mask"
	obligations := [name | some code in codes; some name in _narrowing[code].obligations]
}
