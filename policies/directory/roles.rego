# METADATA
# description: What a role, and a purpose, includes. Nothing is told that this file does not permit.
package directory.roles

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Permitted
# description: The fields of each record that every role involved sees; an unknown role sees nothing.
permitted[key] := fields if {
	some key, record in question.records
	not record.type in _own_rules
	fields := {field |
		some field in record.fields
		every role in caller.roles {
			field in _sees[role][record.type]
		}
	}
}

permitted[key] := fields if {
	some key, record in question.records
	record.type in _own_rules
	fields := record.fields & _fields_of[record.type]
}

# METADATA
# scope: document
# title: Refusals
# description: A type that a role does not see is concealed; a field it does not see is withheld.
refusals[key]["type-not-for-role"] := record.fields if {
	some key, record in question.records
	not record.type in _own_rules
	not _sees_type(record.type)
}

refusals[key]["field-not-for-role"] := record.fields - permitted[key] if {
	some key, record in question.records
}

refusals[key]["field-not-for-purpose"] := fields if {
	some key, record in question.records
	groups := data.purposes[input.access.purpose].leaves_out[record.type]
	fields := {field | some group in groups; some field in data.fields[record.type][group]}
}

refusals[key][reason] := fields if {
	some key, record in question.records
	some role in caller.roles
	some reason, fields in _masks[role][record.type]
}

_own_rules := {"Ask", "Search"}

_fields_of[type] := {field | some listed in groups; some field in listed} if {
	some type, groups in data.fields
}

_sees_type(type) if {
	every role in caller.roles {
		_sees[role][type]
	}
}

_sees[role][type] := {field |
	some group in array.concat(["existence"], groups)
	some field in data.fields[type][group]
} if {
	some role in caller.roles
	some type, groups in data.roles[role].sees
}

_sees[role][type] := {field |
	some group in array.concat(["existence"], groups)
	some field in data.fields[type][group]
} if {
	some role in caller.roles
	data.roles[role]
	some type, groups in data.open_types
}

_masks[role][type] := {reason: {field | some field in listed} | some reason, listed in by_reason} if {
	some role in caller.roles
	some type, by_reason in data.roles[role].masks
}
