# METADATA
# description: Worked queues - children missing education, and children with no GP. A list of children is shown to few.
package directory.queues

import data.directory.caller
import data.directory.question

# METADATA
# title: Queue of others
# description: The authority's own team works its queues; whoever else is an entry's owner is shown that entry alone.
# related_resources:
# - description: Education Act 1996, section 436A
#   ref: https://www.legislation.gov.uk/ukpga/1996/56/section/436A
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [M1]
refusals[key]["queue-of-others"] := record.fields if {
	some key, record in question.of_type.QueueEntry
	not _worked_here(record)
}

# METADATA
# title: Queue not for purpose
# description: Each queue is shown for the purposes that the book lists for it.
# related_resources:
# - description: Education Act 1996, section 436A
#   ref: https://www.legislation.gov.uk/ukpga/1996/56/section/436A
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A2, M1]
refusals[key]["queue-not-for-purpose"] := record.fields if {
	some key, record in question.of_type.QueueEntry
	not _serves(record)
}

_worked_here(record) if {
	record.class.home == "same-authority"
	_works_queues
}

_worked_here(record) if {
	record.class.home == "same-authority"
	record.class.owner == "caller"
}

_works_queues if {
	every role in caller.roles {
		role in data.queues.roles
	}
}

_serves(record) if input.access.purpose in data.queues.purposes[record.class.queue]
