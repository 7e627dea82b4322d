# METADATA
# description: A supplier writes its own feed and nothing else.
package directory.suppliers

import data.directory.caller
import data.directory.question

# METADATA
# title: Feed not own
# description: A data supplier changes only what its own feed asserted.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 11
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/11/made
# - description: UK GDPR, article 5(1)(d)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A3]
refusals[key]["feed-not-own"] := record.fields if {
	some key, record in question.of_type.Action
	not _writes_any
	not record.class.feed == "own"
}

_writes_any if {
	every role in caller.roles {
		data.roles[role].own_feed_only == false
	}
}
