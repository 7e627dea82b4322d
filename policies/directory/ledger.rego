# METADATA
# description: Reading the ledger itself - its entries, for those who review how the directory was used.
package directory.ledger

import data.directory.caller
import data.directory.question

# METADATA
# title: Ledger not for role
# description: The ledger is read by the roles that review it, for that purpose, and by nobody else.
# related_resources:
# - description: UK GDPR, article 5(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# - description: UK GDPR, article 32(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [A3, L5]
refusals[key]["ledger-not-for-role"] := fields if {
	some key, fields in _read
	not _may_read
}

# METADATA
# title: Entry of another authority's caller
# description: Reviewers read what the callers of their own authority asked; only some read what all did.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [L5]
refusals[key]["log-of-other-authority"] := record.fields if {
	some key, record in question.of_type.LedgerEntry
	not record.class.about == "own-authority"
	not _reads_elsewhere
}

# METADATA
# title: Entry of a review
# description: |
#   Nobody reads that their own authority's callers are being reviewed, save whoever reviews: otherwise they would
#   learn that they are looked at, and why. Reviewers are overseen from outside.
# related_resources:
# - description: UK GDPR, article 32(4)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [L5]
refusals[key]["log-of-review"] := record.fields if {
	some key, record in question.of_type.LedgerEntry
	not _is_no_review(record)
	not record.class.self == true
	not _reviewed_elsewhere(record)
}

_is_no_review(record) if {
	record.class.stated
	not _is_review(record)
}

_is_review(record) if record.class.stated in data.ledger.purposes

_reviewed_elsewhere(record) if {
	record.class.reviewed == "other-authority"
	_reads_elsewhere
}

_may_read if {
	input.access.purpose in data.ledger.purposes
	every role in caller.roles {
		role in data.ledger.roles
	}
}

_reads_elsewhere if {
	every role in caller.roles {
		data.roles[role].reviews_elsewhere == true
	}
}

_read[key] := {"ledger"} if some key, _ in question.of_type.Ask

_read[key] := record.fields if some key, record in question.of_type.LedgerEntry
