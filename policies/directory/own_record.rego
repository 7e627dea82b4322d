# METADATA
# description: A child, or a carer with parental responsibility, sees their own record and no other.
package directory.own_record

import data.directory.caller
import data.directory.question

# METADATA
# title: Not the own record
# description: Whoever may see only their own record finds no other.
# related_resources:
# - description: UK GDPR, article 15(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/15
# custom:
#   domain: [A3, L4]
refusals[key]["not-own-record"] := record.fields if {
	not _sees_others
	some type in data.own_record.types
	some key, record in question.of_type[type]
	not record.class.self == true
}

_sees_others if {
	every role in caller.roles {
		data.roles[role].own_record_only == false
	}
}
