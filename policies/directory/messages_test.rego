package directory.messages_test

import data.directory.fixture
import data.directory.messages

from_elsewhere(role, purpose, type) := {
	"v": 1,
	"caller": {
		"role": "peer",
		"agency": "a",
		"authority": "E08000003",
		"standing": "current",
		"acts_for": {"role": role, "standing": "current"},
	},
	"access": {
		"purpose": purpose,
		"origin": "cross-border",
		"grant": null,
		"now": "2026-11-22T10:00:00+00:00",
	},
	"items": {"k": {"type": type, "fields": fixture.fields(type), "class": fixture.plain(type)}},
}

test_a_directory_team_elsewhere_sends_messages_and_asks_nothing if {
	refused := messages.refusals.k with input as from_elsewhere("directory-team", "administration", "Ask")
	refused == {"message-only": {"answer", "introspection", "workbench", "ledger"}}
}

test_nobody_else_elsewhere_sends_messages if {
	refused := messages.refusals.k with input as from_elsewhere("social-worker", "administration", "Ask")
	refused["message-not-for-role"] == {"message"}
}

test_an_ask_from_elsewhere_is_no_message if {
	refused := messages.refusals.k with input as from_elsewhere("directory-team", "safeguarding-enquiry", "Ask")
	refused == {"message-not-for-role": {"message"}}
}

test_nobody_here_sends_messages_to_this_gateway if {
	refused := messages.refusals.k with input as fixture.asked("directory-team", "administration", "Ask", {})
	refused == {"message-not-for-role": {"message"}}
}

test_a_message_finds_no_record if {
	refused := messages.refusals.k with input as from_elsewhere("directory-team", "administration", "Agency")
	object.keys(refused) == {"message-hides-record"}
}

test_no_other_record_is_refused if {
	messages.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
