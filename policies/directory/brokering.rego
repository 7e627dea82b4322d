# METADATA
# description: Brokered contact - who is told of a request for it, and that nobody is connected who has not agreed.
package directory.brokering

import data.directory.caller
import data.directory.question

# METADATA
# title: Contact of another
# description: A request is told to whoever made it, and to the team of its authority that answers it, for that purpose.
# related_resources:
# - description: UK GDPR, article 5(1)(f)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [H6, V2, A5]
refusals[key]["contact-of-another"] := record.fields if {
	some key, record in question.of_type.BrokeredContact
	not record.class.self == true
	not _answers(record)
}

# METADATA
# title: Contact past
# description: A request has gone some weeks after its answer, or half a year without one, whoever asks for it.
# related_resources:
# - description: UK GDPR, article 5(1)(e)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [H6]
refusals[key]["contact-past"] := record.fields if {
	some key, record in question.of_type.BrokeredContact
	not record.class.age == "in-time"
}

# METADATA
# title: Answer taken back
# description: |
#   What an asker was told is told again while nothing about the child has been closed since. Why it is not is one
#   reason for all, so that it says of nobody that a consent was withdrawn.
# related_resources:
# - description: UK GDPR, article 7(3)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/7
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(5) and 6(6)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [H6, H2, V3, P2, A1, A5]
refusals[key]["answer-taken-back"] := record.fields & {"state", "answer"} if {
	some key, record in question.of_type.BrokeredContact
	not _answer_stands(record)
	not _answers(record)
}

# METADATA
# title: Contact not agreed
# description: Two people are connected only where both agreed; an answer that connects nobody needs no agreement.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [H6]
refusals[key]["contact-not-agreed"] := record.fields & {"answerBrokeredContact"} if {
	some key, record in question.of_type.Action
	not record.class.agreement == "both"
	not _connects_nobody(record)
}

_answers(record) if {
	_brokers
	record.class.home == "same-authority"
	record.class.conflict == false
}

_brokers if {
	input.access.purpose in data.action_rules.purposes.answerBrokeredContact
	every role in caller.roles {
		"answerBrokeredContact" in data.roles[role].may
	}
}

_answer_stands(record) if record.class.since in data.brokering.answer_stands

_connects_nobody(record) if record.class.step in data.brokering.connects_nobody
