# METADATA
# description: What changes where the record or the caller belongs to another authority.
package directory.authority

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: Some roles reach no further than their own authority; national identifiers stay home (domain rules X2, X6).
refusals[key]["other-authority"] := record.fields if {
	some key, record in question.records
	record.type in data.cross_border.types
	not record.class.home == "same-authority"
	not record.class.involved == true
	not _reaches_elsewhere
}

refusals[key]["identifier-stays-home"] := {field | some field in data.cross_border.national_identifiers} if {
	not input.access.origin == "local"
	not _national_abroad
	some key, record in question.records
	record.type == "Child"
}

_reaches_elsewhere if {
	every role in caller.roles {
		data.roles[role].reaches_elsewhere == true
	}
}

# A peer asks for a named person: that person's role decides.
_national_abroad if {
	every role in caller.roles {
		role in data.cross_border.roles
	}
}
