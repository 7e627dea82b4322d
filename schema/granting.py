"""What asking for grants and reviewing them take and give."""

import strawberry

from gateway.vocabulary import GrantGround, GrantKind, GrantReview
from schema.changing import KEY, payload, stated
from schema.grant import Grant


@strawberry.input(description="Which fields of which child to open, and why.")
class RequestGrantInput:
    """A grant asked for."""

    idempotency_key: str = stated(KEY)
    child: strawberry.ID = stated("The child's id.")
    kind: GrantKind = stated("Break-glass or public interest.")
    ground: GrantGround = stated("On which ground.")
    fields: list[str] = stated(
        "The fields to open, of the child and of the involvements with the child: Child.address, Involvement.agency."
    )
    reason: str = stated("Why, in up to 500 characters.")
    necessity: str = stated("Why these fields and no fewer, in up to 500 characters.")


@strawberry.input(description="What the review of a grant came to.")
class ReviewGrantInput:
    """A review of a grant."""

    idempotency_key: str = stated(KEY)
    grant: strawberry.ID = stated("The grant's id.")
    review: GrantReview = stated("Whether it was justified.")


_MEANING = "The grant; null where nothing was changed."
RequestGrantPayload = payload("requestGrant", Grant, "grant", _MEANING)
ReviewGrantPayload = payload("reviewGrant", Grant, "grant", _MEANING)
