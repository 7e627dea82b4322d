"""What recording and ending involvements take and give."""

from datetime import date

import strawberry

from gateway.vocabulary import Service
from schema.changing import KEY, payload, stated
from schema.consenting import ConsentInput
from schema.involvement import Involvement

INVOLVEMENT = "The involvement's id."


@strawberry.input(description="Who works with which child from when on. There is nowhere to say more of the child.")
class RecordInvolvementInput:
    """An involvement to record."""

    idempotency_key: str = stated(KEY)
    child: strawberry.ID = stated("The child's id.")
    service: Service = stated("The service provided.")
    started_on: date | None = stated("First day; absent: today.", default=None)
    practitioner: strawberry.ID | None = stated(
        "Who provides it, at your own agency; absent: you, where you have one post there.", default=None
    )
    carer: strawberry.ID | None = stated(
        "The carer an adult service works with; absent: it is the child.", default=None
    )
    consent: ConsentInput | None = stated("On what a sensitive service is recorded; needed for one.", default=None)


@strawberry.input(description="Which involvement ended, and when.")
class EndInvolvementInput:
    """An involvement to end."""

    idempotency_key: str = stated(KEY)
    involvement: strawberry.ID = stated(INVOLVEMENT)
    ended_on: date | None = stated("Last day; absent: today.", default=None)


@strawberry.input(description="Whose involvement leads the support of the child.")
class DeclareLeadProfessionalInput:
    """A lead professional to declare."""

    idempotency_key: str = stated(KEY)
    involvement: strawberry.ID = stated(INVOLVEMENT)


@strawberry.input(description="By which involvement a common assessment was completed.")
class RecordCommonAssessmentInput:
    """A completed assessment to record."""

    idempotency_key: str = stated(KEY)
    involvement: strawberry.ID = stated(INVOLVEMENT)


_MEANING = "The involvement; null where nothing was changed, or where you may not know of it."
RecordInvolvementPayload = payload("recordInvolvement", Involvement, "involvement", _MEANING)
EndInvolvementPayload = payload("endInvolvement", Involvement, "involvement", _MEANING)
DeclareLeadProfessionalPayload = payload("declareLeadProfessional", Involvement, "involvement", _MEANING)
RecordCommonAssessmentPayload = payload("recordCommonAssessment", Involvement, "involvement", _MEANING)
