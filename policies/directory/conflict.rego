# METADATA
# description: A declared conflict of interest takes away what it touches and offers another contact.
package directory.conflict

import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: A conflicted caller loses involvements, practitioners' contact and carers' contact (domain rule A5).
refusals[key]["conflict-declared"] := {field | some field in data.conflict.withheld[record.type]} if {
	some key, record in question.records
	not record.class.conflict == false
	data.conflict.withheld[record.type]
}
