# METADATA
# description: A declared conflict of interest takes away what it touches and offers another contact.
package directory.conflict

import data.directory.question

# METADATA
# title: Conflict declared
# description: A conflicted caller loses what the conflict touches, and is offered a brokered contact instead.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# - description: UK GDPR, article 5(1)(f)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A5, H6]
refusals[key]["conflict-declared"] := {field | some field in withheld} if {
	records := question.records
	some key, record in records
	not record.class.conflict == false
	withheld := data.conflict.withheld[record.type]
}
