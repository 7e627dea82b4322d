# METADATA
# description: Records that have left the directory, and who still reaches them.
package directory.retention

import data.directory.caller
import data.directory.question

# METADATA
# title: Record retained
# description: |
#   At eighteen and in the archive a record is gone, save for those who keep the archive. For a year after a death,
#   before it goes there, those see it who review deaths of children.
# related_resources:
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 8
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/8/made
# - description: Children Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182), regulation 6(3)(e)
#   ref: https://www.legislation.gov.uk/uksi/2007/2182/regulation/6/made
# - description: Children Act 2004, section 16M
#   ref: https://www.legislation.gov.uk/ukpga/2004/31/section/16M
# custom:
#   domain: [T1, T2]
refusals[key]["record-retained"] := record.fields if {
	not _keeps_records
	some type in data.retention.types
	some key, record in question.of_type[type]
	not _in_time(record)
	not _kept_by_consent(record)
	not _kept_after_death(record)
}

# Youth-support clients to nineteen, care leavers and young people with learning difficulties to twenty-five.
_kept_by_consent(record) if {
	record.class.standing == "adult-with-consent"
	every role in caller.roles {
		role in data.retention.by_consent
	}
}

_kept_after_death(record) if {
	record.class.standing == "deceased"
	every role in caller.roles {
		role in data.retention.after_death
	}
}

_keeps_records if {
	"retained" in caller.handles
	input.access.purpose in data.retention.purposes
}

_in_time(record) if _standings[record.class.standing]

_standings contains standing if some standing in data.retention.standings
