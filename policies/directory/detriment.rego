# METADATA
# description: A refusal to share is recorded with its reason.
package directory.detriment

import data.directory.question

# METADATA
# title: Refusal without reason
# description: Who decides not to share records why, on detriment or otherwise.
# related_resources:
# - description: Children Act 2004, section 16LA
#   ref: https://www.legislation.gov.uk/ukpga/2004/31
# custom:
#   domain: [P2]
refusals[key]["refusal-without-reason"] := record.fields & {"recordRefusal"} if {
	some key, record in question.of_type.Action
	not record.class.justification == "recorded"
}
