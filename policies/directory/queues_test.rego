package directory.queues_test

import data.directory.fixture
import data.directory.queues

test_the_directory_team_works_the_queues if {
	queues.refusals == {} with input as fixture.asked("directory-team", "missing-education", "QueueEntry", {})
}

test_an_owner_is_shown_their_entry if {
	beyond := {"owner": "caller"}
	queues.refusals == {} with input as fixture.asked("social-worker", "missing-education", "QueueEntry", beyond)
}

test_nobody_else_is_shown_an_entry if {
	question := fixture.asked("social-worker", "missing-education", "QueueEntry", {"owner": "another"})
	queues.refusals.k["queue-of-others"] with input as question
}

test_an_entry_of_another_authority_is_not_worked_here if {
	every owner in ["none", "caller"] {
		question := fixture.asked("directory-team", "missing-education", "QueueEntry", {
			"home": "other-authority",
			"owner": owner,
		})
		queues.refusals.k["queue-of-others"] with input as question
	}
}

test_a_purpose_shows_the_queue_it_serves if {
	question := fixture.asked("directory-team", "missing-education", "QueueEntry", {"queue": "without-gp"})
	object.keys(queues.refusals.k) == {"queue-not-for-purpose"} with input as question
}

test_every_queue_serves_purposes_that_the_book_knows if {
	every queue in data.attributes.values.queue {
		count(data.queues.purposes[queue]) > 0
		every purpose in data.queues.purposes[queue] {
			data.purposes[purpose]
		}
	}
}

test_no_other_record_is_refused if {
	queues.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
