package directory.review_test

import data.directory.fixture
import data.directory.review

test_nobody_reviews_what_they_asked_for if {
	refused := review.refusals.k with input as fixture.asked("directory-team", "administration", "Action", {"author": "self"})
	refused["second-person-needed"] == {
		"answerBrokeredContact", "closeAccessReview", "confirmWithholding",
		"reinstateCaller", "reviewGrant", "reviewShield",
	}
}

test_nobody_suspends_or_reinstates_themselves if {
	refused := review.refusals.k with input as fixture.asked("supervisor", "review", "Action", {"self": true})
	refused["own-case"] == {"confirmWithholding", "recordReviewOutcome", "reinstateCaller", "suspendCaller", "withholdLogEntry"}
}

test_a_refusal_names_its_reviewer if {
	refused := review.refusals.k with input as fixture.question("Action", {"reviewers": "none"})
	refused["reviewer-missing"] == {"recordRefusal"}
}

test_a_case_at_home_needs_an_independent_reviewer if {
	refused := review.refusals.k with input as fixture.asked("supervisor", "review", "Action", {})
	refused == {"independent-reviewer-missing": {"closeAccessReview"}}
}

test_a_supervisor_judges_no_caller_of_another_authority if {
	refused := review.refusals.k with input as fixture.asked("supervisor", "review", "Action", {"about": "other-authority"})
	refused == {"review-of-other-authority": {"closeAccessReview", "recordReviewOutcome", "reinstateCaller", "suspendCaller"}}
}

test_an_auditor_does if {
	review.refusals == {} with input as fixture.asked("auditor", "review", "Action", {"about": "other-authority"})
}

test_no_other_record_is_refused if {
	review.refusals == {} with input as fixture.asked("unheard-of", "unheard-of", "Child", {"home": "other-authority"})
}

test_a_finding_about_another_authoritys_caller_is_not_shown if {
	refused := review.refusals.k with input as fixture.asked("supervisor", "review", "AccessReviewFinding", {"asker": "other-authority"})
	object.keys(refused) == {"log-of-other-authority"}
}

test_an_auditor_is_shown_it if {
	review.refusals == {} with input as fixture.asked("auditor", "review", "AccessReviewFinding", {"asker": "other-authority"})
}

test_nobody_is_shown_a_finding_about_themselves if {
	refused := review.refusals.k with input as fixture.asked("auditor", "review", "AccessReviewFinding", {"self": true})
	object.keys(refused) == {"review-of-self"}
}
