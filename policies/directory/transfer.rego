# METADATA
# description: Responsibility for a child moves by agreement.
package directory.transfer

import data.directory.question

# METADATA
# title: Agreement missing
# description: Responsibility moves only where both authorities have agreed; a step that moves nothing needs no agreement.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 3
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/3/made
# custom:
#   domain: [X1]
refusals[key]["agreement-missing"] := record.fields & {"transferResponsibility"} if {
	some key, record in question.of_type.Action
	not record.class.agreement == "both"
	not _moves_nothing(record)
}

_moves_nothing(record) if record.class.step in data.transfer.moves_nothing
