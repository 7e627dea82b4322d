# METADATA
# description: Whether the ask as a whole may be answered, and whether the schema or the policy workbench may be used.
package directory.ask

import data.directory.caller
import data.directory.question

# METADATA
# title: Reason missing
# description: An ask without a stated reason is not answered.
# related_resources:
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A2]
refusals[key]["reason-missing"] := record.fields if {
	some key, record in question.of_type.Ask
	not record.class.reason == "stated"
}

# METADATA
# title: Introspection not for role
# description: Exploring the schema is a role's right.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [A3]
refusals[key]["introspection-not-for-role"] := {"introspection"} if {
	not _may_explore
	some key, _ in question.of_type.Ask
}

# METADATA
# title: Workbench not for role
# description: Trying rules on the policy workbench is a role's right, for a purpose of its own.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [A3]
refusals[key]["workbench-not-for-role"] := {"workbench"} if {
	not _may_try_rules
	some key, _ in question.of_type.Ask
}

_may_try_rules if {
	input.access.purpose in data.workbench.purposes
	every role in caller.roles {
		role in data.workbench.roles
	}
}

_may_explore if {
	every role in caller.roles {
		data.roles[role].introspection == true
	}
}
