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
	some key, record in _entries
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
	some key, record in _entries
	record.class.asker == "other-authority"
	"access-log" in caller.handles
	not _reviews_elsewhere
}

# METADATA
# title: Enquiry about a carer
# description: A carer's own view never shows that somebody looked because of a concern; what is not known to be open is not.
# related_resources:
# - description: Data Protection Act 2018, schedule 3, part 5
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/3
# custom:
#   domain: [A5, L4]
refusals[key]["log-of-enquiry"] := record.fields if {
	some key, record in _entries
	_carer_asks
	not _open_to_carers(record)
}

# METADATA
# title: Who looked for a sensitive service
# description: Who looked and why would name the service; that somebody looked is told.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [V2, L4]
refusals[key]["log-of-sensitive-service"] := record.fields & {field | some field in data.access_log.who_looked} if {
	some key, record in _entries
	not record.class.sensitive == false
	not "access-log" in caller.handles
}

_carer_asks if {
	some role in caller.roles
	data.roles[role].consents_on_behalf == true
}

_open_to_carers(record) if record.class.asked_for in data.access_log.open_to_carers

_reviews_elsewhere if {
	every role in caller.roles {
		data.roles[role].reviews_elsewhere == true
	}
}

# Picked once, so that these rules cost nothing where no entry is read.
_entries[key] := record if {
	some key, record in question.records
	record.type == "AccessLogEntry"
}
