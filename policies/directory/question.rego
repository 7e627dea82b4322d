# METADATA
# description: |
#   The records of the question as the subjects read them: only those whose class is complete, and a candidate of
#   a search as the child it stands for, with the fields that were compared.
package directory.question

# METADATA
# scope: document
# title: Records
# description: What is asked of each complete class; an incomplete one is absent, and what is absent is concealed.
records[key] := {"type": item.type, "fields": {field | some field in item.fields}, "class": item.class} if {
	some key, item in input.items
	sound[key]
	item.type != "Candidate"
}

records[key] := {"type": "Child", "fields": {field | some field in item.class.criteria}, "class": item.class} if {
	some key, item in input.items
	sound[key]
	item.type == "Candidate"
}

# METADATA
# scope: document
# title: Sound classes
# description: Every attribute of the type is there, has a value the book knows, and no other attribute is.
sound contains key if {
	some key, item in input.items
	item.type != "Candidate"
	_known(item)
	count(item.class) == count(data.attributes.of[item.type])
}

sound contains key if {
	some key, item in input.items
	item.type == "Candidate"
	_known(item)
	count(item.class) == count(data.attributes.of.Candidate) + 1
	count(item.class.criteria) > 0
}

_known(item) if {
	wanted := data.attributes.of[item.type]
	every name in wanted {
		item.class[name] in data.attributes.values[name]
	}
}
