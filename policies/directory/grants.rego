# METADATA
# description: |
#   Break-glass and public interest - what a grant opens, and who may ask for one. A grant arrives as attributes; what it
#   does not name, or the book does not list, stays as closed as it was.
package directory.grants

import data.directory.caller
import data.directory.question

# METADATA
# title: Grant not for role
# description: A break-glass or public-interest grant is for the roles that the book names.
# related_resources:
# - description: Data Protection Act 2018, schedule 1, paragraph 18
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/1
# custom:
#   domain: [H5, P1]
refusals[key]["grant-not-for-role"] := record.fields & {"requestGrant"} if {
	some key, record in question.of_type.Action
	not _may_hold(record)
}

# METADATA
# title: Ground unknown
# description: A grant rests on one of the grounds that the book lists for its kind.
# related_resources:
# - description: Data Protection Act 2018, schedule 1, paragraph 18
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/1
# - description: Data Protection Act 2018, schedule 2, paragraphs 2 and 5
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/2
# custom:
#   domain: [H5, P1]
refusals[key]["ground-unknown"] := record.fields & {"requestGrant"} if {
	some key, record in question.of_type.Action
	not _well_founded(record)
}

# METADATA
# title: Justification missing
# description: Reason, necessity and proportionality are recorded before a grant is given.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# - description: Children Act 2004, section 16LA
#   ref: https://www.legislation.gov.uk/ukpga/2004/31
# custom:
#   domain: [H5, P1]
refusals[key]["justification-missing"] := record.fields & {"requestGrant"} if {
	some key, record in question.of_type.Action
	not record.class.justification == "recorded"
}

# METADATA
# title: Earlier grant not reviewed
# description: Who has a grant whose review is overdue is given no other.
# related_resources:
# - description: UK GDPR, article 24(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/24
# custom:
#   domain: [H5]
refusals[key]["earlier-grant-unreviewed"] := record.fields & {"requestGrant"} if {
	some key, record in question.of_type.Action
	not _earlier_reviewed(record)
}

# METADATA
# title: Grant of another
# description: A grant is told to whoever asked for it and to those who review grants.
# related_resources:
# - description: UK GDPR, article 5(1)(f)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [H5, P1]
refusals[key]["grant-of-another"] := record.fields if {
	some key, record in question.of_type.Grant
	not record.class.self == true
	not _reviews_grants
}

# METADATA
# scope: document
# title: Lifted refusals
# description: Of each record that the grant names, the fields for which a refusal no longer holds, by reason.
# related_resources:
# - description: Data Protection Act 2018, schedule 1, paragraph 18
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/1
# - description: Data Protection Act 2018, schedule 2, paragraphs 2 and 5
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/2
# custom:
#   domain: [H5, P1]
lifts[key][reason] := fields if {
	some key, fields in _named
	some reason in data.grants[input.access.grant.kind].opens
}

lifts[key][reason] := fields if {
	some key, _ in _named
	some reason in reveals
	fields := question.records[key].fields
}

# METADATA
# title: Reasons that conceal and are lifted
# description: What would conceal a record and does not where a grant names one of its fields.
# related_resources:
# - description: Data Protection Act 2018, schedule 1, paragraph 18
#   ref: https://www.legislation.gov.uk/ukpga/2018/12/schedule/1
# custom:
#   domain: [H5, P1]
reveals contains reason if some reason in data.grants[input.access.grant.kind].reveals

# METADATA
# title: Fields beside the grant
# description: What a record that only the grant reveals still withholds, which is all but the named fields.
# related_resources:
# - description: UK GDPR, article 5(1)(c)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/5
# custom:
#   domain: [H5, P1]
beside[key] := (question.records[key].fields - fields) - _existence(question.records[key]) if {
	some key, fields in _named
}

# The fields that a usable grant names, on the one record it is for.
_named[key] := fields if {
	_usable
	some key, record in question.records
	fields := record.fields & {field | some field in record.class.granted}
	count(fields) > 0
}

# A grant of another authority opens nothing here: the asking side may only narrow.
_usable if {
	input.access.origin == "local"
	input.access.grant.state == "usable"
	input.access.grant.justification == "recorded"
	_rests_on(input.access.grant.kind, input.access.grant.ground)
	input.access.grant.kind in _held_by_all
	input.access.purpose in data.action_rules.purposes.requestGrant
}

_rests_on(kind, ground) if ground in data.grants[kind].grounds

_held_by_all := {kind |
	some kind in data.roles[input.caller.role].grants
	every role in caller.roles {
		kind in data.roles[role].grants
	}
}

_reviews_grants if {
	every role in caller.roles {
		"reviewGrant" in data.roles[role].may
	}
}

_existence(record) := {field | some field in data.fields[record.type].existence}

_may_hold(record) if record.class.grant in _held_by_all

_earlier_reviewed(record) if record.class.earlier in {"none", "reviewed"}

_well_founded(record) if _rests_on(record.class.grant, record.class.ground)
