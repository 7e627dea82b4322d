# METADATA
# description: |
#   The records of the question as the subjects read them: only those whose class is complete, and a candidate of
#   a search as the child it stands for, with the fields that were compared.
package directory.question

# METADATA
# title: Records
# description: What is asked of each complete class; an incomplete one is absent, and what is absent is concealed.
# custom:
#   domain: [A6, D5]
records[key] := {"type": item.type, "fields": {field | some field in item.fields}, "class": item.class} if {
	some key, item in input.items
	sound[key]
	item.type != "Candidate"
}

# METADATA
# title: Candidates
# description: A candidate of a search is the child it stands for, asked for the fields that were compared.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [S3]
records[key] := {"type": "Child", "fields": {field | some field in item.class.criteria}, "class": item.class} if {
	some key, item in input.items
	sound[key]
	item.type == "Candidate"
}

# METADATA
# title: Actions
# description: The records that are actions, apart, so that the rules on actions cost nothing where there are none.
# custom:
#   domain: [A3]
actions[key] := record if {
	some key, record in records
	record.type == "Action"
}

# METADATA
# scope: document
# title: Sound classes
# description: Every attribute of the type is there with a value the book knows; of the others only optional ones are.
# custom:
#   domain: [A6]
sound contains key if {
	some key, item in input.items
	item.type != "Candidate"
	_known(item)
	count(item.class) == count(data.attributes.of[item.type]) + count(_optional(item))
}

sound contains key if {
	some key, item in input.items
	item.type == "Candidate"
	_known(item)
	count(item.class) == count(data.attributes.of.Candidate) + 1
	count(item.class.criteria) > 0
}

_optional(item) := {name |
	some name in data.attributes.optional[item.type]
	_may_be(name, item.class[name])
}

_may_be(name, value) if value in data.attributes.values[name]

_may_be(name, _) if name in data.attributes.lists

_known(item) if {
	wanted := data.attributes.of[item.type]
	every name in wanted {
		item.class[name] in data.attributes.values[name]
	}
}
