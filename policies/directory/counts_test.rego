package directory.counts_test

import data.directory.counts
import data.directory.fixture

test_a_small_count_is_suppressed if {
	counts.refusals.k["count-suppressed"] == {"number"} with input as fixture.question("Count", {"size": "below"})
}

test_a_count_that_gives_a_small_one_away_is_suppressed if {
	counts.refusals.k["count-suppressed"] with input as fixture.question("Count", {"recoverable": true})
}

test_a_large_count_is_not_suppressed if {
	counts.refusals == {} with input as fixture.question("Count", {})
}

test_the_threshold_is_a_number_above_one if {
	data.counts.threshold > 1
}

test_no_other_record_is_refused if {
	counts.refusals == {} with input as fixture.question("Child", {})
}
