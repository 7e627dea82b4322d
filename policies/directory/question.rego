# METADATA
# description: |
#   The records of the question as the subjects read them: only those whose class is complete, and a candidate of
#   a search as the child it stands for, with the fields that were compared.
#   Where all records are gone through, they are named first (`records := ...`): the embedded engine is quicker so.
package directory.question

# METADATA
# title: Records
# description: What is asked of each complete class; an incomplete one is absent, and what is absent is concealed.
# custom:
#   domain: [A6, D5]
records[key] := {"type": item.type, "fields": fields, "class": item.class} if {
	some key in (sound - candidates)
	item := input.items[key]
	fields := {field | some field in item.fields}
}

# METADATA
# title: Candidates
# description: A candidate of a search is the child it stands for, asked for the fields that were compared.
# related_resources:
# - description: UK GDPR, article 25(2)
#   ref: https://www.legislation.gov.uk/eur/2016/679/article/25
# custom:
#   domain: [S3]
records[key] := {"type": "Child", "fields": criteria, "class": class} if {
	some key in (sound & candidates)
	class := input.items[key].class
	criteria := {field | some field in class.criteria}
	count(criteria) > 0
}

# METADATA
# title: Records of a type
# description: The records by type, so that a rule on one type costs nothing where no such record is asked for.
# custom:
#   domain: [A3]
of_type := {type: alike |
	some type in _types
	alike := {key: record | some key, record in records; record.type == type}
}

_types := {record.type | some record in records}

# METADATA
# title: Candidates of a search
# description: Which records are candidates; they are told whole, or not at all.
# custom:
#   domain: [S3]
candidates contains key if {
	items := input.items
	some key, item in items
	item.type == "Candidate"
}

# METADATA
# title: Sound classes
# description: Every attribute of the type is there with a value the book knows; of the others only optional ones are.
# custom:
#   domain: [A6]
sound contains key if {
	items := input.items
	some key, item in items
	_complete(item)
}

# What the type wants is there with a value the book knows, and nothing else is but what may be added.
_complete(item) if {
	class := item.class
	wanted := data.attributes.of[item.type]
	known := {name | some name in wanted; class[name] in data.attributes.values[name]}
	count(known) == count(wanted)
	object.keys(class) == known | _added(item)
}

# The optional attributes that are a list, or have a value the book knows.
_added(item) := {name | some name in _optional[item.type]; value := item.class[name]; _may_be(name, value)}

_may_be(name, value) if value in data.attributes.values[name]

_may_be(name, _) if name in data.attributes.lists

_may_be("criteria", _)

_optional[type] := names if some type, names in data.attributes.optional

_optional["Candidate"] := ["criteria"]
