# METADATA
# description: By what a role may search, and whether its budget allows another search.
package directory.search

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: Searching by a field is a disclosure of it; a budget is spent once (domain rules S3, S4).
refusals[key]["budget-exhausted"] := record.fields if {
	some key, record in question.records
	record.type == "Search"
	not record.class.budget in {"ample", "near"}
}

refusals[key]["search-not-for-role"] := record.fields if {
	some key, record in question.records
	record.type == "Search"
	not _in_scope(record.class.scope)
}

refusals[key]["criterion-not-for-role"] := record.fields - _criteria if {
	some key, record in question.records
	record.type == "Search"
}

_criteria := {field |
	some field in data.roles[input.caller.role].searches_by
	every role in caller.roles {
		field in data.roles[role].searches_by
	}
}

_in_scope("home")

_in_scope("elsewhere") if {
	every role in caller.roles {
		data.roles[role].searches_elsewhere == true
	}
}
