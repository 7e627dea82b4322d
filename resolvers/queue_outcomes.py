"""Record what was done about a child in a worked queue (domain rule M1); nothing is triggered by it."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from gateway.disclosure.classes import class_of_action, class_of_action_on_child
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.identity import LOCAL_TIME
from gateway.queues import LEAVES_OPEN, LONGEST_CLOSED, OUTCOMES, NewQueueOutcome, child_of_entry, entry_id
from gateway.records import Child, QueueEntry
from gateway.vocabulary import ChildId, PractitionerId, Queue, QueueAction, QueueOutcome, RecordType
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, Target, Tell, UserError, known, not_found
from resolvers.queues import record_of_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A child with its entry in a queue."""

    child: Child
    entry: QueueEntry


async def queue_outcome_recorded(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    queue: Queue,
    child: str,
    owner: str,
    action: QueueAction,
    outcome: QueueOutcome,
    reopens_on: date | None,
) -> Outcome:
    """Add what was done to a child's history in a queue; what closes the entry says until when."""

    async def act(changing: Changing) -> Changed | UserError:
        ask = asking.road.ask
        fault = _outcome_fault(queue, outcome) or _day_fault(asking, outcome, reopens_on)
        if fault is not None:
            return fault
        waiting = await _entry_to_work(changing, queue, child)
        if isinstance(waiting, UserError):
            return waiting
        practitioner = await _owner(asking, owner)
        if practitioner is None:
            return not_found("owner")
        new = NewQueueOutcome(
            child=waiting.child.id,
            queue=queue,
            owner=practitioner,
            action=action,
            outcome=outcome,
            reopens_on=reopens_on,
        )
        await changing.change.queues.record(new, by=ask.caller.claims.person, at=ask.at)
        return Changed(type=RecordType.QUEUE_ENTRY, id=entry_id(queue, waiting.child.id), about=(waiting.child.id,))

    return await Changing(asking, stated).outcome(act, _teller(asking, queue, selection))


async def _entry_to_work(changing: Changing, queue: Queue, text: str) -> _Waiting | UserError:
    """Return the entry an outcome is about, once the policies let the caller work it.

    Who does not wait, who is not there and who may not be known to wait are refused in the same words: whether a child
    waits is told to those alone who may see the entry.
    """
    asking, caller = changing.asking, changing.asking.road.ask.caller
    child_id = asking.ids.meant_as(RecordType.CHILD, text)
    waiting = None if child_id is None else await _waiting(asking, queue, ChildId(child_id))
    if waiting is None:
        return await changing.missing(class_of_action(), "child")
    record_class = class_of_action_on_child(
        waiting.child.facts, caller, own=False, involved=waiting.entry.owner in caller.practitioners
    )
    target = Target(
        record_class=record_class,
        known=await known(asking, [waiting.child, waiting.entry]),
        field="child",
        about=(waiting.child.id,),
    )
    return await changing.may(target) or waiting


async def _waiting(asking: Asking, queue: Queue, child_id: ChildId) -> _Waiting | None:
    kept = await asking.queues.of_child(queue, child_id, home=asking.road.ask.home)
    child = None if kept is None else (await asking.directory.children([kept.child])).get(kept.child)
    if kept is None or child is None:
        return None
    return _Waiting(child=child, entry=record_of_entry(asking, kept, child))


async def _owner(asking: Asking, text: str) -> PractitionerId | None:
    meant = asking.ids.meant_as(RecordType.PRACTITIONER, text)
    practitioner_id = None if meant is None else PractitionerId(meant)
    found = {} if practitioner_id is None else await asking.directory.practitioners([practitioner_id])
    return practitioner_id if await known(asking, list(found.values())) else None


def _teller(asking: Asking, queue: Queue, selection: Selection) -> Tell:
    async def tell(entry: UUID) -> Disclosed | None:
        waiting = await _waiting(asking, queue, child_of_entry(queue, entry))
        return (await asking.road.tell_each([None if waiting is None else waiting.entry], selection))[0]

    return tell


def _outcome_fault(queue: Queue, outcome: QueueOutcome) -> UserError | None:
    if outcome in OUTCOMES[queue]:
        return None
    return UserError(code="BAD_OUTCOME", message="This is no outcome of that queue.", field="outcome")


def _day_fault(asking: Asking, outcome: QueueOutcome, reopens_on: date | None) -> UserError | None:
    today = asking.road.ask.at.astimezone(LOCAL_TIME).date()
    if outcome in LEAVES_OPEN:
        fits, message = reopens_on is None, "This outcome leaves the entry open: it needs no day."
    else:
        fits = reopens_on is not None and today < reopens_on <= today + timedelta(days=LONGEST_CLOSED)
        message = f"State the day on which to look again: after today, and within {LONGEST_CLOSED} days."
    return None if fits else UserError(code="BAD_DATE", message=message, field="reopensOn")
