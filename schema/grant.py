"""Grants."""

from datetime import datetime

import strawberry

from gateway.vocabulary import GrantGround, GrantKind, GrantReview, GrantState, RecordType
from schema.told import record_type, told
from schema.withheld import Withheld


@record_type(RecordType.GRANT, "A recorded, reasoned opening of named fields of one child's record.", entity=False)
class Grant:
    """A grant."""

    id: strawberry.ID = told("The grant's id: send it as `Access-Grant` with the one ask that uses it.")
    kind: GrantKind | None = told("Break-glass or public interest.")
    ground: GrantGround | None = told("On which ground.")
    fields: list[str] | None = told("The fields it opens, as `Type.field`.")
    reason: str | None = told("Why it was asked for.")
    necessity: str | None = told("Why these fields are needed.")
    state: GrantState | None = told("How it stands at this moment.")
    requested_by: str | None = told("Who asked for it, and may use it.")
    requested_at: datetime | None = told("When.")
    expires_at: datetime | None = told("When it ends unused.")
    used_at: datetime | None = told("When it was used.")
    reviewed_by: str | None = told("Who reviewed it.")
    reviewed_at: datetime | None = told("When it was reviewed.")
    review: GrantReview | None = told("What the review came to.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
