"""What keeping a log entry back, confirming that and ending it take and give."""

from datetime import datetime

import strawberry

from schema.changing import KEY, payload, stated
from schema.log_withholding import LogWithholding

_WITHHOLDING = "The withholding's id."
_REASON = "Why, in up to 500 characters."


@strawberry.input(description="Which entry of a child's access log to keep from the child and carers, and why.")
class WithholdLogEntryInput:
    """A withholding asked for."""

    idempotency_key: str = stated(KEY)
    child: strawberry.ID = stated("The child whose log it is.")
    entry: strawberry.ID = stated("The entry, by its id in this child's log.")
    ground: str = stated("The lawful ground: a code that the rules list under `access_log.grounds`.")
    reason: str = stated(_REASON)
    until: datetime = stated("When it ends by itself; at most as far off as the gateway's settings allow.")


@strawberry.input(description="Which withholding to confirm, as a second and independent person.")
class ConfirmWithholdingInput:
    """A confirmation."""

    idempotency_key: str = stated(KEY)
    withholding: strawberry.ID = stated(_WITHHOLDING)


@strawberry.input(description="Which withholding to end early, and why.")
class LiftWithholdingInput:
    """A withholding to be ended."""

    idempotency_key: str = stated(KEY)
    withholding: strawberry.ID = stated(_WITHHOLDING)
    reason: str = stated(_REASON)


_MEANING = "The withholding; null where nothing was changed."
WithholdLogEntryPayload = payload("withholdLogEntry", LogWithholding, "withholding", _MEANING)
ConfirmWithholdingPayload = payload("confirmWithholding", LogWithholding, "withholding", _MEANING)
LiftWithholdingPayload = payload("liftWithholding", LogWithholding, "withholding", _MEANING)
