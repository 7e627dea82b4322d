"""What shields, their reviews and refusals to share take and give."""

import strawberry

from gateway.vocabulary import RefusalGround, ShieldRequester, ShieldReview
from schema.changing import KEY, payload, stated
from schema.child import Child

_CHILD = "The child's id."


@strawberry.input(description="Which child to shield. It is in force at once, and ends only by a recorded review.")
class RequestShieldInput:
    """A shield asked for."""

    idempotency_key: str = stated(KEY)
    child: strawberry.ID = stated(_CHILD)
    on_behalf_of: ShieldRequester = stated(
        "Who asks; a child or carer who asks here is recorded as such.", default=ShieldRequester.PRACTITIONER
    )


@strawberry.input(description="What the review of a child's shield came to.")
class ReviewShieldInput:
    """A review of a shield."""

    idempotency_key: str = stated(KEY)
    child: strawberry.ID = stated(_CHILD)
    review: ShieldReview = stated("Whether the shield is kept for another six months, or lifted.")


@strawberry.input(description="Why something known of a child was not shared, and who reviews that.")
class RecordRefusalInput:
    """A refusal to record."""

    idempotency_key: str = stated(KEY)
    child: strawberry.ID = stated(_CHILD)
    ground: RefusalGround = stated("On which ground.")
    reason: str = stated("Why, in up to 500 characters: why not to share, never what is known of the child.")
    reviewer: strawberry.ID = stated("The person who reviews it, as their token names them; somebody else than you.")


_MEANING = "The child, as far as you may know of it now; null where nothing was changed."
RequestShieldPayload = payload("requestShield", Child, "child", _MEANING)
ReviewShieldPayload = payload("reviewShield", Child, "child", _MEANING)
RecordRefusalPayload = payload("recordRefusal", Child, "child", _MEANING)
