# METADATA
# description: Shielding - nothing may let a child's whereabouts be inferred, on this record or on one that leads to it.
package directory.shielding

import data.directory.caller
import data.directory.question

# METADATA
# title: Shield active
# description: Of a shielded record ordinary callers are told what the book lists and nothing else.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(5) and 6(6)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [H1, H2, H3, H4, H6]
refusals[key]["shield-active"] := (record.fields - {field | some field in told}) - _read_by_reviewers if {
	some level, records in _shielded
	level == "shielded"
	some key, record in records
	told := data.shielding.told.shielded[record.type]
}

# METADATA
# title: Shield on an associated record
# description: A record that shares a carer with a shielded child tells nothing that leads there.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(5) and 6(6)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [H1, H3, H4, H6]
refusals[key]["shield-associated"] := (record.fields - {field | some field in told}) - _read_by_reviewers if {
	some level, records in _shielded
	level == "associated"
	some key, record in records
	told := data.shielding.told.associated[record.type]
}

# METADATA
# title: Shield hides the record
# description: A record that would give a shielded child's whereabouts away is as if it were not there.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(5) and 6(6)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [H1, H3, H4]
refusals[key]["shield-hides-record"] := record.fields if {
	some level, records in _shielded
	some key, record in records
	not data.shielding.told[level][record.type]
}

# METADATA
# title: Shield hides the record abroad
# description: That an authority holds a shielded child says where the child is, so to other authorities there is none.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(5) and 6(6)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [H1, H4, X2]
refusals[key]["shield-hides-abroad"] := record.fields if {
	not _asked_here
	some records in _shielded
	some key, record in records
}

_shielded[level][key] := record if {
	not _handles_shielded
	records := question.records
	some key, record in records
	not record.class.shield == "none"
	not _untouched(record)
	not _lifted(record)
	level := _level(record)
}

_asked_here if input.access.origin == "local"

_level(record) := "associated" if record.class.shield == "associated"

_level(record) := "shielded" if not record.class.shield == "associated"

# Those who review the log, and a practitioner's own involvement.
_lifted(record) if {
	record.type == "AccessLogEntry"
	"access-log" in caller.handles
}

_lifted(record) if {
	record.class.involved == true
	record.type in {"Involvement", "Practitioner"}
}

# Who looks at a shielded child is what reviewers watch most; the log tells them nothing of where the child is.
_read_by_reviewers contains "accessLog" if "access-log" in caller.handles

_handles_shielded if "shielded" in caller.handles

_untouched(record) if record.type in data.shielding.untouched
