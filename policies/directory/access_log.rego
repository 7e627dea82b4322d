# METADATA
# description: Who looked - what of the access log its readers see.
package directory.access_log

import data.directory.caller
import data.directory.question

# METADATA
# title: Entry withheld
# description: An entry under a lawful, expiring withholding is as if it were not there for the child and the carer.
# related_resources:
# - description: Data Protection Act 2018, schedule 2, paragraph 2
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/2
# - description: UK GDPR, article 15(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/15
# custom:
#   domain: [L4]
refusals[key]["log-entry-withheld"] := record.fields if {
	some key, record in question.records
	record.type == "AccessLogEntry"
	record.class.withholding == "in-force"
	not "access-log" in caller.handles
}

# METADATA
# title: Entry of another authority's caller
# description: Reviewers look at the callers of their own authority.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [L5]
refusals[key]["log-of-other-authority"] := record.fields if {
	some key, record in question.records
	record.type == "AccessLogEntry"
	record.class.asker == "other-authority"
	"access-log" in caller.handles
	not _reviews_elsewhere
}

_reviews_elsewhere if {
	every role in caller.roles {
		data.roles[role].reviews_elsewhere == true
	}
}
