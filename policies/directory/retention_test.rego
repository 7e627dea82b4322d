package directory.retention_test

import data.directory.fixture
import data.directory.retention

test_an_adults_record_is_gone if {
	retention.refusals.k["record-retained"] with input as fixture.question("Child", {"standing": "adult"})
}

test_who_left_england_is_told if {
	retention.refusals == {} with input as fixture.question("Child", {"standing": "left-england"})
}

test_the_directory_team_administers_an_archive if {
	retention.refusals == {} with input as fixture.asked("directory-team", "administration", "Child", {"standing": "archived"})
}
