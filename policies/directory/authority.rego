# METADATA
# description: What changes where the record or the caller belongs to another authority.
package directory.authority

import data.directory.caller
import data.directory.question

# METADATA
# title: Record of another authority
# description: Some roles reach no further than their own authority, save to children they work with.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 3
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/3/made
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [X2]
refusals[key]["other-authority"] := record.fields if {
	not _reaches_elsewhere
	some type in data.cross_border.types
	some key, record in question.of_type[type]
	not record.class.home == "same-authority"
	not record.class.involved == true
}

# METADATA
# title: Identifier stays home
# description: National identifiers cross a border only for roles that are allowed them; who has one already finds by it.
# related_resources:
# - description: Children Act 2004, section 16LC
#   ref: https://www.legislation.gov.uk/ukpga/2004/31
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(3)(c)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [X6, D1]
refusals[key]["identifier-stays-home"] := {field | some field in data.cross_border.national_identifiers} if {
	not input.access.origin == "local"
	not _national_abroad
	some key, _ in question.of_type.Child
	not question.candidates[key]
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
