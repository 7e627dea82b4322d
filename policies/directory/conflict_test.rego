package directory.conflict_test

import data.directory.conflict
import data.directory.fixture

test_a_conflict_takes_involvements if {
	refused := conflict.refusals.k["conflict-declared"] with input as fixture.question("Child", {"conflict": true})
	refused == {"involvements", "leadProfessional", "commonAssessmentCompleted"}
}

test_a_conflict_leaves_the_brokered_contact if {
	refused := conflict.refusals.k["conflict-declared"] with input as fixture.question("Involvement", {"conflict": true})
	not "brokeredContact" in refused
	"practitioner" in refused
}

test_no_conflict_refuses_nothing if {
	conflict.refusals == {} with input as fixture.question("Child", {})
}

test_a_conflict_touches_no_school if {
	conflict.refusals == {} with input as fixture.question("Setting", {"conflict": true})
}
