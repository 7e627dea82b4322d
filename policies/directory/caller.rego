# METADATA
# description: Who asks and why - standing, purpose, and mediated access as the narrower of two roles.
package directory.caller

import data.directory.question

# METADATA
# scope: document
# title: Roles
# description: The caller's role and, in mediated access, the role of the person asked for.
# related_resources:
# - description: Domain rule A4
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/contents/made
roles contains input.caller.role

roles contains input.caller.acts_for.role

# METADATA
# scope: document
# title: Duties
# description: What every role involved handles, such as shielded or sensitive records.
handles contains duty if {
	some duty in data.roles[input.caller.role].handles
	every role in roles {
		duty in data.roles[role].handles
	}
}

# METADATA
# scope: document
# title: Current
# description: Everyone involved is in good standing at this moment (domain rules A1, A4).
current if {
	input.caller.standing == "current"
	_mediation_sound
}

_mediation_sound if {
	input.caller.acts_for == null
	data.roles[input.caller.role].only_for_another == false
}

_mediation_sound if {
	data.roles[input.caller.role]
	data.roles[input.caller.acts_for.role]
	input.caller.acts_for.standing == "current"
}

# METADATA
# scope: document
# title: Purpose allowed
# description: The purpose stated is one that every role involved may use (domain rule A2).
purpose_allowed if {
	data.purposes[input.access.purpose]
	every role in roles {
		input.access.purpose in data.roles[role].purposes
	}
}

# METADATA
# scope: document
# title: Refusals
# description: Without standing, purpose and a known origin there is no record; the ask itself says why.
refusals[key]["caller-not-current"] := record.fields if {
	not current
	some key, record in question.records
	not record.type in _answered
}

refusals[key]["purpose-not-allowed"] := record.fields if {
	not purpose_allowed
	some key, record in question.records
	not record.type in _answered
}

refusals[key]["origin-unknown"] := record.fields if {
	not input.access.origin in {"local", "cross-border"}
	some key, record in question.records
}

refusals[key]["standing-lapsed"] := record.fields if {
	not current
	some key, record in question.records
	record.type in _answered
}

refusals[key]["purpose-unknown"] := record.fields if {
	not purpose_allowed
	some key, record in question.records
	record.type in _answered
}

_answered := {"Ask", "Search", "Caller"}
