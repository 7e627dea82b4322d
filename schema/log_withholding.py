"""That an entry of a child's access log is kept from the child and carers for a time."""

from datetime import datetime

import strawberry

from gateway.vocabulary import RecordType
from schema.told import record_type, told
from schema.withheld import Withheld


@record_type(
    RecordType.LOG_WITHHOLDING, "That an entry is kept from the child and carers for a time (L4).", entity=False
)
class LogWithholding:
    """A withholding."""

    id: strawberry.ID = told("The withholding's id.")
    ground: str | None = told("The lawful ground: a code that the rules list.")
    reason: str | None = told("Why, in the words of whoever asked.")
    until: datetime | None = told("When it ends, if it is confirmed.")
    provisional_until: datetime | None = told("When it ends, unless it is confirmed.")
    in_force: bool | None = told("Whether the entry is kept back at this moment.")
    asked_by: strawberry.ID | None = told("The person who asked for it.")
    asked_at: datetime | None = told("When.")
    confirmed_by: strawberry.ID | None = told("The second person, who confirmed it.")
    confirmed_at: datetime | None = told("When it was confirmed.")
    lifted_by: strawberry.ID | None = told("The person who ended it early.")
    lifted_at: datetime | None = told("When it was ended early.")
    lift_reason: str | None = told("Why it was ended early.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
