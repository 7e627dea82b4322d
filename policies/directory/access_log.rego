# METADATA
# description: Who looked - what of the access log its readers see, and what of it may be withheld for a time.
package directory.access_log

import data.directory.caller
import data.directory.question

# METADATA
# title: Entry withheld
# description: |
#   An entry under a lawful, expiring withholding is as if it were not there for the child, the carer and whoever
#   prepares what they may see.
# related_resources:
# - description: Data Protection Act 2018, schedule 2, paragraph 2
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/2
# - description: UK GDPR, article 15(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/15
# custom:
#   domain: [L4]
refusals[key]["log-entry-withheld"] := record.fields if {
	some key, record in question.of_type.AccessLogEntry
	record.class.withholding == "in-force"
	not _reviewed(record)
}

# METADATA
# title: Entry of a withholding
# description: That somebody withheld an entry would tell that there is one; the entry itself says so once it is shown.
# related_resources:
# - description: Data Protection Act 2018, schedule 2, paragraph 2
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/2
# custom:
#   domain: [L4]
refusals[key]["log-of-withholding"] := record.fields if {
	some key, record in question.of_type.AccessLogEntry
	some action in record.class.actions
	action in data.access_log.unseen_actions
	not _reviewed(record)
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
	some key, record in question.of_type.AccessLogEntry
	not record.class.asker == "own-authority"
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
	some key, record in question.of_type.AccessLogEntry
	_for_carer(record)
	not _open_to_carers(record)
}

# METADATA
# title: Log of a shielded child
# description: What is prepared for a child or carer names nobody who works near a child whose whereabouts are protected.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(5) and 6(6)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [H3, L4]
refusals[key]["log-of-shielded-child"] := record.fields if {
	some key, record in question.of_type.AccessLogEntry
	not record.class.shield == "none"
	record.class.reader
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
	some key, record in question.of_type.AccessLogEntry
	not record.class.sensitive == false
	not _reviewed(record)
}

# METADATA
# title: Words about others
# description: |
#   What somebody wrote as their reason may accuse, or name a third person, and no rule can read it: a carer is told
#   the purpose and never the words, a child the words of ordinary support only.
# related_resources:
# - description: UK GDPR, article 15(4)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/15
# - description: Data Protection Act 2018, schedule 2, paragraph 16
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/2
# custom:
#   domain: [A5, L4]
refusals[key]["log-words-of-others"] := record.fields & {field | some field in data.access_log.words} if {
	some key, record in question.of_type.AccessLogEntry
	not _reviewed(record)
	not _words_told(record)
}

# METADATA
# title: Withholding without an independent reviewer
# description: A withholding is confirmed by somebody who neither asked for it nor works where the look was made.
# related_resources:
# - description: UK GDPR, article 23(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/23
# custom:
#   domain: [L4, L5]
refusals[key]["withholding-not-independent"] := record.fields & {action | some action in data.access_log.independent} if {
	some key, record in question.of_type.Action
	not record.class.reviewers == "independent"
}

# METADATA
# title: Withholding without a ground
# description: An entry is withheld on one of the grounds that the book lists.
# related_resources:
# - description: Data Protection Act 2018, schedules 2 and 3
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/2
# custom:
#   domain: [L4]
refusals[key]["withholding-ground-unknown"] := record.fields & {action | some action in data.access_log.grounded} if {
	some key, record in question.of_type.Action
	not data.access_log.grounds[record.class.ground]
}

# Read by a reviewer as such: not for somebody whose record it is, and not to prepare what that person may see.
_reviewed(record) if {
	"access-log" in caller.handles
	input.access.purpose in data.access_log.reviewed_for
	not record.class.reader
}

_for_carer(record) if record.class.reader == "carer"

_for_carer(_) if {
	some role in caller.roles
	data.roles[role].consents_on_behalf == true
}

_open_to_carers(record) if record.class.asked_for in data.access_log.open_to_carers

_words_told(record) if {
	record.class.asked_for in data.access_log.words_told_for
	not _for_carer(record)
}

_reviews_elsewhere if {
	every role in caller.roles {
		data.roles[role].reviews_elsewhere == true
	}
}
