# METADATA
# description: Counts for planning.
package directory.counts

import data.directory.question

# METADATA
# title: Count suppressed
# description: A count below the threshold, or one that gives such a count away, is not told.
# related_resources:
# - description: Statistics and Registration Service Act 2007, section 39
#   ref: https://www.legislation.gov.uk/ukpga/2007/18/section/39
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [M2]
refusals[key]["count-suppressed"] := record.fields & {"number"} if {
	some key, record in question.of_type.Count
	not _safe(record)
}

_safe(record) if {
	record.class.size == "at-or-above"
	record.class.recoverable == false
}
