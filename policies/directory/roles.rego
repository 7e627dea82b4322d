# METADATA
# description: What a role, and a purpose, includes. Nothing is told that this file does not permit.
package directory.roles

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Permitted
# description: The fields of each record that every role involved sees; an unknown role sees nothing.
permitted[key] := record.fields & told if {
	some key, record in question.records
	told := _told[record.type]
}

# METADATA
# scope: document
# title: Refusals
# description: A type that a role does not see is concealed; a field it does not see is withheld.
refusals[key]["type-not-for-role"] := record.fields if {
	some key, record in question.records
	not _told[record.type]
}

refusals[key]["field-not-for-role"] := record.fields - told if {
	some key, record in question.records
	told := _told[record.type]
}

refusals[key]["field-not-for-purpose"] := fields if {
	some key, record in question.records
	groups := data.purposes[input.access.purpose].leaves_out[record.type]
	fields := _fields_in(record.type, groups)
}

refusals[key][reason] := fields if {
	some key, record in question.records
	some role in caller.roles
	some reason, fields in _masks[role][record.type]
}

# Asks and searches have files of their own, which say what of them is refused.
_told.Ask := _fields_in("Ask", ["ask"])

_told.Search := _fields_in("Search", ["criteria"])

_told[type] := {field | some field in fields; _every_role_sees(type, field)} if {
	some type, fields in _sees[input.caller.role]
	every role in caller.roles {
		_sees[role][type]
	}
}

_every_role_sees(type, field) if {
	every role in caller.roles {
		field in _sees[role][type]
	}
}

_sees[role][type] := _fields_in(type, array.concat(["existence"], groups)) if {
	some role in caller.roles
	some type, groups in data.roles[role].sees
}

_sees[role][type] := _fields_in(type, array.concat(["existence"], groups)) if {
	some role in caller.roles
	data.roles[role]
	some type, groups in data.open_types
}

_masks[role][type] := by_reason if {
	some role in caller.roles
	some type, listed in data.roles[role].masks
	by_reason := {reason: fields | some reason, names in listed; fields := {field | some field in names}}
}

_fields_in(type, groups) := {field | some group in groups; some field in data.fields[type][group]}
