# METADATA
# description: What one authority's gateway may say to another's of its own accord, and that nothing is read by it.
package directory.messages

import data.directory.caller
import data.directory.question

# METADATA
# title: Message not for role
# description: A message comes from another authority, in the name of a role and for a purpose that the book lists.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 3
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/3/made
# custom:
#   domain: [X1, X3]
refusals[key]["message-not-for-role"] := {"message"} if {
	some key, _ in question.of_type.Ask
	not _may_be_sent
}

# METADATA
# title: Purpose of messages only
# description: What another authority states as the purpose of a message gets it no answer to anything else.
# related_resources:
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A2, X2]
refusals[key]["message-only"] := record.fields - {"message"} if {
	some key, record in question.of_type.Ask
	_purpose_of_messages
}

# METADATA
# title: Record hidden from messages
# description: A message between gateways finds no record and changes none.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [X2]
refusals[key]["message-hides-record"] := record.fields if {
	_purpose_of_messages
	records := question.records
	some key, record in records
	not _is_ask(record)
}

_may_be_sent if {
	input.access.origin == "cross-border"
	input.access.purpose in data.messages.purposes
	every role in caller.roles {
		role in data.messages.roles
	}
}

_purpose_of_messages if {
	not _local
	input.access.purpose in data.messages.purposes
}

_local if input.access.origin == "local"

_is_ask(record) if record.type == "Ask"
