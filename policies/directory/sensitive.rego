# METADATA
# description: |
#   Sensitive services, and adult services that work with a carer - recorded on a footing that still stands, told to
#   most as an unspecified service, and to some not at all.
package directory.sensitive

import data.directory.caller
import data.directory.question

# METADATA
# title: Consent lacking
# description: An involvement whose footing is missing, withdrawn or expired is as if it were not there, from the next read.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 11(3)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/11/made
# - description: UK GDPR, article 7(3)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/7
# custom:
#   domain: [V1, V3, V4, D8]
refusals[key]["consent-lacking"] := record.fields if {
	some key, record in question.of_type.Involvement
	not _footing_stands(record)
}

# METADATA
# title: Sensitive service hidden
# description: Roles that are not told of sensitive services find none.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(3)(a)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# - description: UK GDPR, article 9(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/9
# custom:
#   domain: [V2]
refusals[key]["sensitive-hidden"] := record.fields if {
	some key, record in _guarded
	record.class.subject == "child"
	not _told_as_unspecified(record)
}

# METADATA
# title: Adult service hidden
# description: A service that works with a carer shows only for the purposes and to the roles that the book lists.
# related_resources:
# - description: UK GDPR, article 9(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/9
# - description: UK GDPR, article 5(1)(b)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [D8, A5]
refusals[key]["adult-service-hidden"] := record.fields if {
	some key, record in _guarded
	not record.class.subject == "child"
	not _told_as_unspecified(record)
}

# METADATA
# title: Sensitive service ended
# description: A sensitive service that has ended is as if it had never been there.
# related_resources:
# - description: UK GDPR, article 5(1)(e)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [V2]
refusals[key]["sensitive-ended"] := record.fields if {
	some key, record in _guarded
	not record.class.active == true
}

# METADATA
# title: Sensitive service withheld
# description: Provider, practitioner and dates of a sensitive service are for the directory team, which brokers contact.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(3)(a)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(4)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [V2, H6]
refusals[key]["sensitive-service"] := record.fields - {field | some field in data.sensitive.told} if {
	some key, record in _guarded
}

# METADATA
# title: Sensitive service unspecified
# description: Most see that an unspecified service is involved.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(3)(a)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# custom:
#   domain: [V2]
refusals[key]["sensitive-unspecified"] := {"service"} if {
	some key, record in _guarded
}

# METADATA
# title: Sensitive provider hidden
# description: A practitioner, agency or setting that would give a sensitive service away is as if it were not there.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(3)(a)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# - description: UK GDPR, article 9(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/9
# custom:
#   domain: [V2]
refusals[key]["sensitive-hidden"] := record.fields if {
	some type in data.sensitive.hidden_types
	some key, record in question.of_type[type]
	not record.class.sensitive == false
	not _handled(record)
}

# Involvements of sensitive or adult services, for callers who are not told all of them.
_guarded[key] := record if {
	some key, record in question.of_type.Involvement
	not _ordinary(record)
	not record.class.involved == true
	not _told_in_full(record)
}

_ordinary(record) if {
	record.class.sensitive == false
	record.class.subject == "child"
}

_footing_stands(record) if record.class.consent in data.sensitive.footings

# Recorded, but for nobody to see beyond those who keep the record.
_footing_stands(record) if {
	record.class.consent == "record-only"
	_handled(record)
}

_footing_stands(record) if {
	_ordinary(record)
	record.class.consent == "none-needed"
}

_handled(_) if "sensitive" in caller.handles

_handled(record) if record.class.involved == true

_told_in_full(record) if _level(record) == "full"

_told_as_unspecified(record) if _level(record) == "unspecified"

_level(record) := _narrowest({level | some role in caller.roles; level := data.roles[role].sensitive_services}) if {
	record.class.subject == "child"
}

_level(record) := _narrowest({level | some role in caller.roles; level := data.roles[role].adult_services}) if {
	record.class.subject == "carer"
	_adult_services_open
}

_adult_services_open if input.access.purpose in data.adult_services.purposes

_adult_services_open if {
	every role in caller.roles {
		data.roles[role].adult_services == "full"
	}
}

_narrowest(levels) := "full" if levels == {"full"}

_narrowest(levels) := "unspecified" if {
	"unspecified" in levels
	count(levels - {"full", "unspecified"}) == 0
}
