"""What suspending and reinstating a caller take and give."""

from datetime import datetime

import strawberry

from schema.changing import KEY, payload, stated
from schema.suspension import Suspension


@strawberry.input(description="Whom to suspend, and why.")
class SuspendCallerInput:
    """A suspension asked for."""

    idempotency_key: str = stated(KEY)
    person: strawberry.ID = stated("The person, as their token names them; every role of theirs is suspended.")
    reason: str = stated("Why, in up to 500 characters; about the person's use of the directory, not about a child.")
    until: datetime | None = stated("Until when; absent: until it is lifted.", default=None)


@strawberry.input(description="Whom to give access back, and why.")
class ReinstateCallerInput:
    """A reinstatement asked for."""

    idempotency_key: str = stated(KEY)
    person: strawberry.ID = stated("The person, as their token names them.")
    reason: str = stated("Why, in up to 500 characters.")


SuspendCallerPayload = payload("suspendCaller", Suspension, "suspension", "The suspension.")
ReinstateCallerPayload = payload(
    "reinstateCaller", Suspension, "suspension", "The latest of the suspensions that were lifted."
)
