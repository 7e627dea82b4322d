# METADATA
# description: |
#   Sensitive services, and adult services that work with a carer - recorded on a footing that still stands, told to
#   most as an unspecified service, and to some not at all.
package directory.sensitive

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: Domain rules V1 to V3 and D8.
refusals[key]["consent-lacking"] := record.fields if {
	some key, record in question.records
	record.type == "Involvement"
	not _footing_stands(record)
}

refusals[key]["sensitive-hidden"] := record.fields if {
	some key, record in _guarded
	record.class.subject == "child"
	not _told_as_unspecified(record)
}

refusals[key]["adult-service-hidden"] := record.fields if {
	some key, record in _guarded
	not record.class.subject == "child"
	not _told_as_unspecified(record)
}

refusals[key]["sensitive-ended"] := record.fields if {
	some key, record in _guarded
	not record.class.active == true
}

refusals[key]["sensitive-service"] := record.fields - {field | some field in data.sensitive.told} if {
	some key, record in _guarded
}

refusals[key]["sensitive-unspecified"] := {"service"} if {
	some key, record in _guarded
}

refusals[key]["sensitive-hidden"] := record.fields if {
	some key, record in question.records
	record.type in data.sensitive.hidden_types
	not record.class.sensitive == false
	not _handled(record)
}

# Involvements of sensitive or adult services, for callers who are not told all of them.
_guarded[key] := record if {
	some key, record in question.records
	record.type == "Involvement"
	not _ordinary(record)
	not record.class.involved == true
	not _told_in_full(record)
}

_ordinary(record) if {
	record.class.sensitive == false
	record.class.subject == "child"
}

_footing_stands(record) if record.class.consent in data.sensitive.footings

_footing_stands(record) if {
	_ordinary(record)
	record.class.consent == "none-needed"
}

_handled(_) if "sensitive" in caller.handles

_handled(record) if record.class.involved == true

_told_in_full(record) if _level(record) == "full"

_told_as_unspecified(record) if _level(record) == "unspecified"

_level(record) := _narrowest({level | some role in caller.roles; level := data.roles[role].sensitive_services}) if {
	record.class.subject == "child"
}

_level(record) := _narrowest({level | some role in caller.roles; level := data.roles[role].adult_services}) if {
	record.class.subject == "carer"
	_adult_services_open
}

_adult_services_open if input.access.purpose in data.adult_services.purposes

_adult_services_open if {
	every role in caller.roles {
		data.roles[role].adult_services == "full"
	}
}

_narrowest(levels) := "full" if levels == {"full"}

_narrowest(levels) := "unspecified" if {
	"unspecified" in levels
	count(levels - {"full", "unspecified"}) == 0
}
