# METADATA
# description: Who asks and why - standing, purpose, and mediated access as the narrower of two roles.
package directory.caller

import data.directory.question

# METADATA
# scope: document
# title: Roles
# description: The caller's role, that of the person asked for and, across a border, that of who mediates there.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [A3, A4, X3]
roles contains input.caller.role

roles contains input.caller.acts_for.role

roles contains input.caller.acts_for.through.role

# METADATA
# title: Duties
# description: What every role involved handles, such as shielded or sensitive records.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(4)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [A3, A4, V2, H3]
handles contains duty if {
	some duty in data.roles[input.caller.role].handles
	every role in roles {
		duty in data.roles[role].handles
	}
}

# METADATA
# title: Current
# description: Everyone involved is in good standing at this moment, and who asks for another is in a role that mediates.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# - description: UK GDPR, article 32(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [A1, A4, X3, L6]
current if {
	_everyone_current
	_mediation_listed
}

_everyone_current if {
	input.caller.standing == "current"
	input.caller.acts_for == null
}

_everyone_current if {
	input.caller.standing == "current"
	input.caller.acts_for.standing == "current"
	_between_current
}

_between_current if not input.caller.acts_for.through

_between_current if input.caller.acts_for.through.standing == "current"

_mediation_listed if {
	input.caller.acts_for == null
	data.roles[input.caller.role].only_for_another == false
}

_mediation_listed if {
	input.caller.acts_for.role in data.roles[input.caller.role].mediates_for
	_between_listed
}

_between_listed if not input.caller.acts_for.through

_between_listed if {
	data.roles[input.caller.acts_for.through.role].only_for_another == false
	input.caller.acts_for.role in data.roles[input.caller.acts_for.through.role].mediates_for
}

# METADATA
# title: Purpose allowed
# description: The purpose stated is one that every role involved may use.
# related_resources:
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A2, A4]
purpose_allowed if {
	data.purposes[input.access.purpose]
	every role in roles {
		input.access.purpose in data.roles[role].purposes
	}
}

# METADATA
# title: Caller not current
# description: Without current training, check and accreditation of everyone involved there is no record.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# - description: UK GDPR, article 32(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [A1, A4, L6]
refusals[key]["caller-not-current"] := record.fields if {
	not current
	some key, record in question.records
	not _speaks_for_itself(record)
}

# METADATA
# title: Purpose not allowed
# description: Without a purpose that every role involved may use there is no record.
# related_resources:
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A2, A4]
refusals[key]["purpose-not-allowed"] := record.fields if {
	not purpose_allowed
	some key, record in question.records
	not _speaks_for_itself(record)
}

# METADATA
# title: Origin unknown
# description: An ask is local or from another authority; anything else is told nothing.
# related_resources:
# - description: UK GDPR, article 32(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [X2, X3]
refusals[key]["origin-unknown"] := record.fields if {
	not _origin_known
	some key, record in question.records
}

# METADATA
# title: Standing lapsed
# description: The ask itself says that access is not current.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# - description: UK GDPR, article 32(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [A1, L6]
refusals[key]["standing-lapsed"] := record.fields if {
	not _everyone_current
	some type in _answered
	some key, record in question.of_type[type]
}

# METADATA
# title: Mediation not listed
# description: The ask itself says that the role may not ask for the person named, or that it asks only for somebody else.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [A4, X3]
refusals[key]["mediation-not-listed"] := record.fields if {
	not _mediation_listed
	some type in _answered
	some key, record in question.of_type[type]
}

# METADATA
# title: Purpose unknown
# description: The ask itself says that a purpose is needed.
# related_resources:
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A2]
refusals[key]["purpose-unknown"] := record.fields if {
	not purpose_allowed
	some type in _answered
	some key, record in question.of_type[type]
}

_answered := {"Action", "Ask", "Caller", "Count", "Search"}

_origin_known if input.access.origin in {"local", "cross-border"}

_speaks_for_itself(record) if record.type in _answered
