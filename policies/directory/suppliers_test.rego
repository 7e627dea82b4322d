package directory.suppliers_test

import data.directory.fixture
import data.directory.suppliers

test_a_supplier_changes_no_other_feed if {
	suppliers.refusals.k["feed-not-own"] with input as fixture.asked("supplier", "administration", "Action", {"feed": "other"})
}

test_a_supplier_writes_its_own_feed if {
	suppliers.refusals == {} with input as fixture.asked("supplier", "administration", "Action", {"feed": "own"})
}

test_an_unheard_of_role_writes_no_feed if {
	suppliers.refusals.k["feed-not-own"] with input as fixture.asked("unheard-of", "administration", "Action", {})
}

test_no_other_record_is_refused if {
	suppliers.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
