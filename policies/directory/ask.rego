# METADATA
# description: Whether the ask as a whole may be answered, and whether the schema or the policy workbench may be used.
package directory.ask

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: An ask without a stated reason is not answered (domain rule A2); schema and workbench are a role's right.
refusals[key]["reason-missing"] := record.fields if {
	some key, record in question.records
	record.type == "Ask"
	not record.class.reason == "stated"
}

refusals[key]["introspection-not-for-role"] := {"introspection"} if {
	not _may_explore
	some key, record in question.records
	record.type == "Ask"
}

refusals[key]["workbench-not-for-role"] := {"workbench"} if {
	not _may_try_rules
	some key, record in question.records
	record.type == "Ask"
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
