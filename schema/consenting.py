"""What consent, its withdrawal and conflicts of interest take and give."""

from datetime import datetime

import strawberry

from gateway.changes import NewConsent
from gateway.vocabulary import ConsentBasis, ConsentScope, Understanding
from schema.changing import KEY, payload, stated
from schema.involvement import Involvement

_INVOLVEMENT = "The involvement's id."


@strawberry.input(description="On what a sensitive involvement is recorded.")
class ConsentInput:
    """A consent."""

    basis: ConsentBasis = stated("Whose consent, or that significant harm is suspected.")
    scope: ConsentScope = stated("What the consent covers.", default=ConsentScope.PRACTITIONERS)
    expires_at: datetime | None = stated("When it ends by itself; absent: when it is withdrawn.", default=None)
    understanding: Understanding | None = stated(
        "Whether the child understands enough to consent, as you judge it who work with the child.", default=None
    )


@strawberry.input(description="A new consent to an involvement.")
class RecordConsentInput:
    """A consent to record."""

    idempotency_key: str = stated(KEY)
    involvement: strawberry.ID = stated(_INVOLVEMENT)
    consent: ConsentInput = stated("The consent given.")


@strawberry.input(description="Which involvement's consent is withdrawn.")
class WithdrawConsentInput:
    """A consent to withdraw."""

    idempotency_key: str = stated(KEY)
    involvement: strawberry.ID = stated(_INVOLVEMENT)


@strawberry.input(description="On which involvement its practitioner has a conflict of interest.")
class DeclareConflictInput:
    """A conflict to declare."""

    idempotency_key: str = stated(KEY)
    involvement: strawberry.ID = stated(_INVOLVEMENT)


def new_consent(given: ConsentInput | None) -> NewConsent | None:
    """Return a consent as the resolvers read it."""
    if given is None:
        return None
    return NewConsent(
        basis=given.basis, scope=given.scope, expires_at=given.expires_at, understanding=given.understanding
    )


_MEANING = "The involvement; null where nothing was changed, or where you may not know of it any more."
RecordConsentPayload = payload("recordConsent", Involvement, "involvement", _MEANING)
WithdrawConsentPayload = payload("withdrawConsent", Involvement, "involvement", _MEANING)
DeclareConflictPayload = payload("declareConflict", Involvement, "involvement", _MEANING)
