package directory.fixture

# A question of one record, k, that differs from a plain one only as told.
question(type, beyond) := asked("health-practitioner", "direct-support", type, beyond)

asked(role, purpose, type, beyond) := {
	"v": 1,
	"caller": {"role": role, "agency": "a", "authority": "E08000009", "standing": "current", "acts_for": null},
	"access": {"purpose": purpose, "origin": "local", "grant": null, "now": "2026-11-22T10:00:00+00:00"},
	"items": {"k": {"type": type, "fields": fields(type), "class": object.union(plain(type), beyond)}},
}

fields(type) := [field | some listed in data.fields[type]; some field in listed]

plain(type) := {name: _plain[name] | some name in data.attributes.of[type]}

_plain := {
	"shield": "none", "sensitive": false, "consent": "none-needed", "involved": false, "conflict": false,
	"home": "same-authority", "standing": "live", "self": false, "active": true, "subject": "child",
	"reason": "stated", "operation": "query", "budget": "ample", "scope": "home", "match": "exact", "pattern": "none",
	"size": "at-or-above", "recoverable": false, "feed": "none", "author": "another", "about": "own-authority",
	"reviewers": "one", "understanding": "not-assessed", "agreement": "none", "grant": "none", "ground": "none",
	"justification": "recorded", "earlier": "none", "withholding": "none", "asker": "own-authority",
	"stated": "direct-support", "reviewed": "own-authority", "queue": "missing-education", "owner": "none",
	"since": "no-answer", "age": "in-time",
}
