"""Who looked at a child's record."""

from datetime import datetime

import strawberry

from gateway.vocabulary import RecordType
from schema.page_info import PageInfo
from schema.told import record_type, told
from schema.withheld import Withheld


@record_type(RecordType.ACCESS_LOG_ENTRY, "One time that somebody looked.", entity=False)
class AccessLogEntry:
    """An entry of the access log."""

    id: strawberry.ID = told("What the entry is known by in this child's log.")
    number: str | None = told("The entry's number in the ledger, for reviewers.")
    at: datetime | None = told("When.")
    person: str | None = told("Who.")
    role: str | None = told("In which role.")
    agency: str | None = told("For which agency.")
    authority: str | None = told("From which authority.")
    mediated_for: str | None = told("For whom, if a mediator asked.")
    purpose: str | None = told("For which purpose of access.")
    reason: str | None = told("For which reason, in their words.")
    case_reference: str | None = told("Under which case reference.")
    fields: list[str] | None = told("What they were told, as `Type.field`.")
    fields_in_words: list[str] | None = told("What they were told, in plain words.")
    erased: bool | None = told("Whether a key was destroyed: what is null then is not known any more.")
    policy_revision: str | None = told("Under which revision of the rules.")
    withholding: strawberry.ID | None = told("The id of its withholding from child and carers, if there is or was one.")
    withheld_until: datetime | None = told("Until when it is or was withheld from child and carers.")
    withheld_ground: str | None = told("On which ground: a code that the rules list.")
    withheld: list[Withheld] = told("Selected fields that are not told.")


@strawberry.federation.type(description="One entry and its place in the list.")
class AccessLogEdge:
    """An edge of the connection."""

    cursor: str = told("Where this entry stands; give it as `after` to go on from here.")
    node: AccessLogEntry = told("The entry.")


@strawberry.federation.type(description="A page of a child's access log, newest first.")
class AccessLogConnection:
    """A page of the log."""

    edges: list[AccessLogEdge] = told("The entries.")
    page_info: PageInfo = told("Whether the list goes on.")
    withheld: list[Withheld] = told("Said here if policy withholds the log itself.")
