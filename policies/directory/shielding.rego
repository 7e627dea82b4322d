# METADATA
# description: Shielding - nothing may let a child's whereabouts be inferred, on this record or on one that leads to it.
package directory.shielding

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: |
#   Of a shielded record ordinary callers are told only what the book lists (domain rule H3); where it lists nothing for
#   a type, the record is concealed. An associated record shares a carer with a shielded child and could lead to it.
refusals[key]["shield-active"] := record.fields - {field | some field in told} if {
	some key, record in _shielded
	_level(record) == "shielded"
	told := data.shielding.told.shielded[record.type]
}

refusals[key]["shield-associated"] := record.fields - {field | some field in told} if {
	some key, record in _shielded
	_level(record) == "associated"
	told := data.shielding.told.associated[record.type]
}

refusals[key]["shield-hides-record"] := record.fields if {
	some key, record in _shielded
	not _listed(record)
}

_shielded[key] := record if {
	some key, record in question.records
	not record.class.shield == "none"
	not record.type in data.shielding.untouched
	not _lifted(record)
}

_listed(record) if {
	level := _level(record)
	data.shielding.told[level][record.type]
}

_level(record) := "associated" if record.class.shield == "associated"

_level(record) := "shielded" if not record.class.shield in {"none", "associated"}

# Those who handle shielded records, those who review the log, and a practitioner's own involvement.
_lifted(_) if "shielded" in caller.handles

_lifted(record) if {
	record.type == "AccessLogEntry"
	"access-log" in caller.handles
}

_lifted(record) if {
	record.type in {"Involvement", "Practitioner"}
	record.class.involved == true
}
