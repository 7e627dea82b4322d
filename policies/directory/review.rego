# METADATA
# description: What needs a second person, and when that person must be independent.
package directory.review

import data.directory.caller
import data.directory.question

# METADATA
# title: Second person needed
# description: Nobody reviews what they asked for or did themselves.
# related_resources:
# - description: UK GDPR, article 24(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/24
# - description: UK GDPR, article 32(4)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [H5, L5]
refusals[key]["second-person-needed"] := record.fields & {action | some action in data.review.second_person} if {
	some key, record in question.of_type.Action
	not record.class.author == "another"
}

# METADATA
# title: Own case
# description: Nobody suspends or reinstates themselves; whose case it is has to be known.
# related_resources:
# - description: UK GDPR, article 32(4)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [L5, L6]
refusals[key]["own-case"] := record.fields & {action | some action in data.review.of_another} if {
	some key, record in question.of_type.Action
	not record.class.self == false
}

# METADATA
# title: Reviewer missing
# description: A refusal to share, and a public-interest disclosure, name who reviews them.
# related_resources:
# - description: Children Act 2004, section 16LA
#   ref: https://www.legislation.gov.uk/ukpga/2004/31
# custom:
#   domain: [P1, P2]
refusals[key]["reviewer-missing"] := record.fields & {action | some action in data.review.reviewed} if {
	some key, record in question.of_type.Action
	not _has_reviewer(record)
}

# METADATA
# title: Independent reviewer missing
# description: A case about the reviewer's own authority is cleared only with a second, independent reviewer.
# related_resources:
# - description: UK GDPR, article 32(1)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [L5]
refusals[key]["independent-reviewer-missing"] := record.fields & {action | some action in data.review.independent} if {
	some key, record in question.of_type.Action
	not record.class.about == "other-authority"
	not record.class.reviewers == "independent"
}

# METADATA
# title: Review of another authority
# description: Reviewers judge the callers of their own authority.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [L5]
refusals[key]["review-of-other-authority"] := record.fields & {action | some action in data.review.own_callers} if {
	some key, record in question.of_type.Action
	not record.class.about == "own-authority"
	not _reviews_elsewhere
}

# METADATA
# title: Finding about another authority's caller
# description: Reviewers are shown the callers of their own authority; whose caller it is has to be known.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 9
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/9/made
# custom:
#   domain: [L5]
refusals[key]["log-of-other-authority"] := record.fields if {
	some key, record in _reviewed
	not _reviews_elsewhere
	not record.class.asker == "own-authority"
}

# METADATA
# title: Finding about oneself
# description: Nobody reviews themselves, or learns from a review that they are looked at.
# related_resources:
# - description: UK GDPR, article 32(4)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/32
# custom:
#   domain: [L5]
refusals[key]["review-of-self"] := record.fields if {
	some key, record in _reviewed
	not record.class.self == false
}

_reviewed[key] := record if {
	some type in data.review.records
	some key, record in question.of_type[type]
}

_reviews_elsewhere if {
	every role in caller.roles {
		data.roles[role].reviews_elsewhere == true
	}
}

_has_reviewer(record) if record.class.reviewers in {"one", "independent"}
