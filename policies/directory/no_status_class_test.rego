package directory.no_status_class_test

import data.directory.fixture
import data.directory.question

# Domain rule A6: no rule, shield reason or role exists for the children of the famous.
_status_words := ["celebrit", "famous", "fame", "vip", "politician", "minister", "royal", "public-figure", "prominent"]

test_no_role_reason_or_value_of_the_book_is_about_status if {
	said := array.concat(
		array.concat([name | some name, _ in data.roles], [reason.code | some reason in data.reasons]),
		[value | some values in data.attributes.values; some value in values; is_string(value)],
	)
	{word | some word in _status_words; some text in said; contains(lower(text), word)} == set()
}

test_no_class_carries_a_status if {
	every word in _status_words {
		question.records == {} with input as fixture.question("Child", {word: true})
	}
}

test_a_shield_has_no_value_for_status if {
	every word in _status_words {
		question.records == {} with input as fixture.question("Child", {"shield": word})
	}
}
