# METADATA
# description: Who may change what - every mutation is a field of an Action, decided like a field that is read.
package directory.actions

import data.directory.caller
import data.directory.question

# METADATA
# title: Action not for role
# description: Every role involved must have the action in its list; an unknown action is in none.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [A3, A4]
refusals[key]["action-not-for-role"] := record.fields - _may if {
	some key, record in question.of_type.Action
}

# METADATA
# title: Action not for purpose
# description: An action is open to the purposes of access that the book lists for it.
# related_resources:
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A2]
refusals[key]["action-not-for-purpose"] := fields if {
	some key, record in question.of_type.Action
	fields := {action | some action in record.fields; not _serves(action)}
}

# METADATA
# title: Action elsewhere
# description: What another authority holds is changed there, save what the book opens.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 3
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/3/made
# custom:
#   domain: [X1, X2]
refusals[key]["action-elsewhere"] := record.fields - {action | some action in data.action_rules.elsewhere} if {
	some key, record in question.of_type.Action
	not record.class.home == "same-authority"
}

# METADATA
# title: Action on another's involvement
# description: An involvement is changed by whoever is involved, and by the roles the book names for it.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 11
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/11/made
# custom:
#   domain: [A3, D4]
refusals[key]["action-not-involved"] := fields if {
	some key, record in question.of_type.Action
	not record.class.involved == true
	fields := {action | some action in record.fields; data.action_rules.of_the_involved[action]; not _acts_for_others(action)}
}

_may := {action |
	some action in data.roles[input.caller.role].may
	every role in caller.roles {
		action in data.roles[role].may
	}
}

_serves(action) if input.access.purpose in data.action_rules.purposes[action]

_acts_for_others(action) if {
	every role in caller.roles {
		role in data.action_rules.of_the_involved[action]
	}
}
