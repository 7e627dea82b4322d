"""Suspensions of callers."""

from datetime import datetime

import strawberry

from gateway.vocabulary import RecordType
from schema.told import record_type, told
from schema.withheld import Withheld


@record_type(RecordType.SUSPENSION, "That a person may not ask for the time being.", entity=False)
class Suspension:
    """A suspension."""

    id: strawberry.ID = told("The suspension's id.")
    person: str | None = told("Who is suspended, as the person's token names them.")
    reason: str | None = told("Why.")
    suspended_by: str | None = told("Who suspended them.")
    suspended_at: datetime | None = told("Since when.")
    until: datetime | None = told("Until when; null: until it is lifted.")
    in_force: bool | None = told("Whether it holds at this moment.")
    lifted_by: str | None = told("Who lifted it.")
    lifted_at: datetime | None = told("When it was lifted.")
    lift_reason: str | None = told("Why it was lifted.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
