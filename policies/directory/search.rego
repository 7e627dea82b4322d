# METADATA
# description: By what a role may search, and whether its budget allows another search.
package directory.search

import data.directory.caller
import data.directory.question

# METADATA
# title: Budget exhausted
# description: A caller whose searches are spent searches no more until the supervisor knows.
# related_resources:
# - description: UK GDPR, article 32(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [S4]
refusals[key]["budget-exhausted"] := record.fields if {
	some key, record in question.of_type.Search
	not _budget_left(record)
}

# METADATA
# title: Search not for role
# description: Searching in other authorities is a role's right.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [X2, S1]
refusals[key]["search-not-for-role"] := record.fields if {
	some key, record in question.of_type.Search
	not record.class.scope == "home"
	not _searches_elsewhere
}

# METADATA
# title: Criterion not for role
# description: Searching by a field is a disclosure of it, so each role searches by what the book lists.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [S1, S3]
refusals[key]["criterion-not-for-role"] := record.fields - _criteria if {
	some key, record in question.of_type.Search
}

# METADATA
# title: Criteria too few
# description: A search has one of the combinations that the book lists; a fuzzy one needs more than an exact one.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [S1]
refusals[key]["criteria-too-few"] := record.fields if {
	some key, record in question.of_type.Search
	not _enough(record)
}

# METADATA
# title: Wildcard too early
# description: No wildcard stands in the first two characters.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [S1]
refusals[key]["wildcard-too-early"] := record.fields if {
	some key, record in question.of_type.Search
	not _has_beginning(record)
}

_enough(record) if {
	some wanted in data.search.combinations[record.class.match]
	count({field | some field in wanted} - record.fields) == 0
}

_criteria := {field |
	some field in data.roles[input.caller.role].searches_by
	every role in caller.roles {
		field in data.roles[role].searches_by
	}
}

_searches_elsewhere if {
	every role in caller.roles {
		data.roles[role].searches_elsewhere == true
	}
}

_has_beginning(record) if record.class.pattern in {"none", "late"}

_budget_left(record) if record.class.budget in {"ample", "near"}
