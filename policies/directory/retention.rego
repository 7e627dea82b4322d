# METADATA
# description: Records that have left the directory, and how far a role reaches beyond its own authority.
package directory.retention

import data.directory.caller
import data.directory.question

# METADATA
# scope: document
# title: Refusals
# description: At eighteen, at death and in the archive a record is gone for ordinary callers (domain rules T1, T2).
refusals[key]["record-retained"] := record.fields if {
	some key, record in question.records
	record.type in data.retention.types
	not record.class.standing in data.retention.standings
	not _keeps_records
}

_keeps_records if {
	"retained" in caller.handles
	input.access.purpose in data.retention.purposes
}
