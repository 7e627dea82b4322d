package directory.transfer_test

import data.directory.fixture
import data.directory.transfer

test_one_authority_alone_transfers_nothing if {
	transfer.refusals.k["agreement-missing"] with input as fixture.question("Action", {"agreement": "one"})
}

test_one_authority_alone_accepts_nothing if {
	transfer.refusals.k["agreement-missing"] with input as fixture.question("Action", {"agreement": "one", "step": "accept"})
}

test_an_offer_needs_no_agreement if {
	transfer.refusals == {} with input as fixture.question("Action", {"agreement": "one", "step": "offer"})
}

test_both_authorities_agree if {
	transfer.refusals == {} with input as fixture.question("Action", {"agreement": "both"})
}

test_no_other_record_is_refused if {
	transfer.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}
