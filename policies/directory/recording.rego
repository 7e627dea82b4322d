# METADATA
# description: On what footing an involvement is recorded, and whose consent counts.
package directory.recording

import data.directory.caller
import data.directory.question

# METADATA
# title: Footing missing
# description: A sensitive service, and an adult service with a carer, is recorded with consent or on significant harm only.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 11(3)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/11/made
# - description: UK GDPR, article 9(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/9
# custom:
#   domain: [V1, D8]
refusals[key]["footing-missing"] := record.fields & {"recordInvolvement"} if {
	some key, record in question.of_type.Action
	not _ordinary(record)
	not _footing_recorded(record)
}

# METADATA
# title: Consent of another
# description: A carer consents and withdraws for a child only where the child lacks sufficient understanding.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 11(3)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/11/made
# - description: UK GDPR, article 7(3)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/7
# custom:
#   domain: [V1, V3]
refusals[key]["consent-of-another"] := record.fields & {"recordConsent", "withdrawConsent"} if {
	some key, record in question.of_type.Action
	not record.class.understanding == "insufficient"
	not _records_for_any
}

_ordinary(record) if {
	record.class.sensitive == false
	record.class.subject == "child"
}

_records_for_any if {
	every role in caller.roles {
		data.roles[role].consents_on_behalf == false
	}
}

_footing_recorded(record) if record.class.consent in data.sensitive.footings
