"""Worked queues of an authority, and what is recorded about those who wait in them."""

from datetime import date, datetime
from typing import Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import Queue, QueueAction, QueueOutcome, QueueState, RecordType
from resolvers.asking import Asking
from resolvers.counting import Counted, by_age_told, counts_of_queue, total_told
from resolvers.paging import Page
from resolvers.queues import children_of_entries, histories_of_entries, owners_of_entries
from schema.changing import KEY, payload, stated
from schema.child import Child
from schema.count import Count
from schema.levels import asking_of, level, load_with_all, selection_of
from schema.page_info import PageInfo, page_info
from schema.practitioner import Practitioner
from schema.sizes import Size
from schema.told import record_type, resolved, told
from schema.withheld import Withheld


@strawberry.federation.type(description="One time that an entry was worked.")
class WorkedOutcome:
    """One outcome in an entry's history."""

    action: QueueAction = told("What the owner was to do next.")
    outcome: QueueOutcome = told("What had come of it.")
    reopens_on: date | None = told("The day until which it closed the entry; null where it left it open.")
    recorded_by: str = told("Who recorded it, as the person's token names them.")
    recorded_at: datetime = told("When.")


@record_type(
    RecordType.QUEUE_ENTRY,
    "A child in a worked queue: that the directory knows of no current setting, since when, and what is done about it. "
    "It informs people; it triggers nothing.",
    entity=False,
)
class QueueEntry:
    """An entry of a queue."""

    id: strawberry.ID = told("What the entry is known by in its queue, as your agency knows it.")
    queue: Queue | None = told("Which queue.")
    state: QueueState | None = told("Whether it waits, or an outcome closed it for a time.")
    since: date | None = told("The first day from which no setting is known; at the earliest when there had to be one.")
    age_days: int | None = told("Days since then.")
    action: QueueAction | None = told("What the owner does next.")
    outcome: QueueOutcome | None = told("What came of the last work; null until there was any.")
    reopens_on: date | None = told("The day on which it opens again if the fact still holds.")
    worked_at: datetime | None = told("When it was last worked.")
    worked_by: str | None = told("Who worked it last, as the person's token names them.")
    withheld: list[Withheld] = told("Selected fields that are not told.")

    @resolved(description="The child.", graphql_type=Child | None)
    def child(self, info: Info) -> Any:
        """Load the child."""
        return level(info, self, "child", children_of_entries)

    @resolved(description="Who owns the entry.", graphql_type=Practitioner | None)
    def owner(self, info: Info) -> Any:
        """Load the owner."""
        return level(info, self, "owner", owners_of_entries)

    @resolved(description="All that was done, the latest first.", graphql_type=list[WorkedOutcome] | None)
    def history(self, info: Info) -> Any:
        """Load the history."""
        return level(info, self, "history", histories_of_entries)


@strawberry.federation.type(description="One entry and its place in the queue.")
class QueueEdge:
    """An edge of the connection."""

    cursor: str = told("Where this entry stands; give it as `after` to go on from here.")
    node: QueueEntry = told("The entry.")


@strawberry.federation.type(description="A page of a worked queue, the longest waiting first.")
class QueueConnection:
    """A page of a queue."""

    of: strawberry.Private[Queue]
    edges: list[QueueEdge] = told("The entries.")
    page_info: PageInfo = told("Whether the queue goes on.")

    @resolved(
        description="How many wait, of those you may know of and of whatever age; null where no count is for you.",
        graphql_type=Count | None,
    )
    async def waiting(self, info: Info) -> Any:
        """Count all."""
        return await total_told(asking_of(info), await _counted(info, self.of), selection_of(info))

    @resolved(
        description="The same by age, the youngest first; empty where no count is for you.",
        graphql_type=list[Count],
        size=Size(assumed=4),
    )
    async def waiting_by_age(self, info: Info) -> Any:
        """Count by age."""
        return await by_age_told(asking_of(info), await _counted(info, self.of), selection_of(info))


def connection(asking: Asking, queue: Queue, page: Page, *, after: str | None) -> QueueConnection:
    """Return a page as it is told."""
    edges = [
        QueueEdge(cursor=asking.ids.told(RecordType.QUEUE_ENTRY, one.record_id), node=one)  # type: ignore[arg-type]  # a disclosed record stands for the type
        for one in page.records
    ]
    return QueueConnection(
        of=queue,
        edges=edges,
        page_info=page_info(edges, has_more=page.has_more, after=after),
    )


async def _counted(info: Info, queue: Queue) -> Counted:
    asking = asking_of(info)

    async def load(queues: list[Any]) -> list[Counted]:
        counted = {one: await counts_of_queue(asking, one) for one in dict.fromkeys(queues)}
        return [counted[one] for one in queues]

    found: Counted = await load_with_all(info, queue, ("counts",), load)
    return found


@strawberry.input(description="What was done about a child in a queue. There is nowhere to say anything of the child.")
class RecordQueueOutcomeInput:
    """An outcome to be recorded."""

    idempotency_key: str = stated(KEY)
    queue: Queue = stated("Which queue.")
    child: strawberry.ID = stated("The child's id.")
    owner: strawberry.ID = stated("The id of the practitioner who owns the entry from now on.")
    action: QueueAction = stated("What the owner does next.")
    outcome: QueueOutcome = stated("What has come of it so far.")
    reopens_on: date | None = stated(
        "With an outcome that closes the entry: when it opens again if the fact still holds, within a year.",
        default=None,
    )


RecordQueueOutcomePayload = payload(
    "recordQueueOutcome", QueueEntry, "entry", "The entry; null where nothing was recorded."
)
