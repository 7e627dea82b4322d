# METADATA
# description: What a role, and a purpose, includes. Nothing is told that this file does not permit.
package directory.roles

import data.directory.caller
import data.directory.question

# METADATA
# title: Permitted
# description: The fields of each record that every role involved sees; an unknown role sees nothing.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 4 and schedule 1
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/4/made
# custom:
#   domain: [A3, A4, D1, D2, D3, D4, D9, L4]
permitted[key] := record.fields & told if {
	records := question.records
	some key, record in records
	told := _told[record.type]
}

# METADATA
# title: Type not for role
# description: A type of record that a role does not see is as if it were not there.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [A3, A4]
refusals[key]["type-not-for-role"] := record.fields if {
	some type in _asked
	not _told[type]
	some key, record in question.of_type[type]
}

# METADATA
# title: Field not for role
# description: A field is told to the roles whose groups have it; a field that the book does not know is told to nobody.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 4 and schedule 1
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/4/made
# custom:
#   domain: [A3, A4, D1, D2, D3, D4, D5, L4]
refusals[key]["field-not-for-role"] := fields if {
	records := question.records
	some key, record in records
	fields := record.fields - _told[record.type]
	count(fields) > 0
}

# METADATA
# title: Field not for purpose
# description: A purpose leaves out what it does not need.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# - description: Education Act 1996, section 436A
#   ref: https://www.legislation.gov.uk/ukpga/1996/56/section/436A
# custom:
#   domain: [A2, M1]
refusals[key]["field-not-for-purpose"] := fields if {
	some type in _asked
	groups := data.purposes[input.access.purpose].leaves_out[type]
	fields := {field | some group in groups; some field in data.fields[type][group]}
	some key, _ in question.of_type[type]
}

# METADATA
# title: Masked fields
# description: A role may be told a field in a coarser form only.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [A3]
refusals[key][reason] := fields if {
	some role in caller.roles
	some type, by_reason in _masks[role]
	some reason, fields in by_reason
	some key, _ in question.of_type[type]
}

# Asks, searches and actions have files of their own, which say what of them is refused.
_told[type] := {field | some fields in data.fields[type]; some field in fields} if {
	some type in {"Action", "Ask", "Search"}
	_asked[type]
}

_told[type] := fields if {
	not input.caller.acts_for.role
	some type, fields in _sees[input.caller.role]
}

_told[type] := own & theirs if {
	not input.caller.acts_for.through
	some type, own in _sees[input.caller.role]
	theirs := _sees[input.caller.acts_for.role][type]
}

_told[type] := (own & theirs) & between if {
	some type, own in _sees[input.caller.role]
	theirs := _sees[input.caller.acts_for.role][type]
	between := _sees[input.caller.acts_for.through.role][type]
}

# Of the types asked for alone: the book has many more than a question.
_sees[role][type] := {field | some group in array.concat(["existence"], groups); some field in data.fields[type][group]} if {
	some role in caller.roles
	some type in _asked
	groups := data.roles[role].sees[type]
}

_sees[role][type] := {field | some group in array.concat(["existence"], groups); some field in data.fields[type][group]} if {
	some role in caller.roles
	data.roles[role]
	some type in _asked
	groups := data.open_types[type]
}

_asked := object.keys(question.of_type)

_masks[role][type] := by_reason if {
	some role in caller.roles
	some type, listed in data.roles[role].masks
	by_reason := {reason: fields | some reason, names in listed; fields := {field | some field in names}}
}
