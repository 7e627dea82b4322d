package directory.search_test

import data.directory.fixture
import data.directory.search

test_a_role_searches_by_what_the_book_lists if {
	refused := search.refusals.k["criterion-not-for-role"] with input as fixture.question("Search", {})
	refused == {"upn"}
}

test_an_exhausted_budget_refuses_every_criterion if {
	refused := search.refusals.k["budget-exhausted"] with input as fixture.question("Search", {"budget": "exhausted"})
	count(refused) == 7
}

test_searching_elsewhere_is_a_roles_right if {
	refused := search.refusals.k with input as fixture.asked("voluntary-practitioner", "early-help", "Search", {"scope": "elsewhere"})
	refused["search-not-for-role"]
}

test_no_other_record_is_refused if {
	search.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
