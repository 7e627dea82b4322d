"""Keep a log entry from the child and carers for a time, confirm that, end it (domain rule L4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.disclosure.classes import class_of_action, class_of_action_on_child
from gateway.disclosure.question import Attribute
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.ledger.opening import OpenedEntry
from gateway.records import Child, LogWithholding
from gateway.vocabulary import ChildId, RecordType, WithholdingId
from gateway.withholdings import NewWithholding
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, Target, Tell, UserError, known, text_fault


async def entry_withheld(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    child: str,
    entry: str,
    ground: str,
    reason: str,
    until: datetime,
) -> Outcome:
    """Keep an entry back at once, for the provisional time; a second person's confirmation carries it to its end."""

    async def act(changing: Changing) -> Changed | UserError:
        ask = asking.road.ask
        fault = text_fault(reason, "reason") or _until_fault(asking, until)
        if fault is not None:
            return fault
        wanted = ground if ground in asking.purposes.grounds_of_withholding() else "none"
        subject = await _child(asking, asking.ids.meant_as(RecordType.CHILD, child))
        look = None if subject is None else await _look(asking, subject, entry)
        if subject is None or look is None:
            return await changing.missing(class_of_action(ground=wanted, justification="recorded"), "entry")
        refusal = await _may(changing, subject, look, field="entry", ground=wanted, author="another")
        if refusal is not None:
            return refusal
        earlier = await changing.change.withholdings.hold_entry(look.stored.seq)
        standing = [one for one in earlier if one.in_force]
        if standing:
            return UserError(code="ALREADY_WITHHELD", message="This entry is withheld already.", field="entry")
        withholding = await changing.change.withholdings.withhold(
            NewWithholding(
                child=subject.id,
                entry=look.stored.seq,
                authority=subject.facts.home,
                ground=wanted,
                reason=reason,
                until=until,
                provisional_until=_provisional_until(asking, earlier),
                by=ask.caller.claims.person,
                at=ask.at,
            )
        )
        return _changed(withholding, subject.id)

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def withholding_confirmed(asking: Asking, stated: Stated, selection: Selection, *, withholding: str) -> Outcome:
    """Carry a withholding on to its end, as a second person with no part in the look."""

    async def act(changing: Changing) -> Changed | UserError:
        ask = asking.road.ask
        found = await _held(changing, withholding, author="none", reviewers="none")
        if isinstance(found, UserError):
            return found
        held, subject, look = found
        author = "self" if held.asked_by in ask.caller.persons else "another"
        reviewers = "one" if _caller_of(look).get("agency") == ask.caller.claims.agency else "independent"
        refusal = await _may(changing, subject, look, field="withholding", author=author, reviewers=reviewers)
        if refusal is not None:
            return refusal
        if held.lifted_at is not None or held.confirmed_at is not None or held.until <= ask.at:
            return UserError(
                code="NOTHING_TO_CONFIRM", message="It was confirmed before, or has ended.", field="withholding"
            )
        await changing.change.withholdings.confirm(held.id, by=ask.caller.claims.person, at=ask.at)
        return _changed(held.id, subject.id)

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def withholding_lifted(
    asking: Asking, stated: Stated, selection: Selection, *, withholding: str, reason: str
) -> Outcome:
    """End a withholding early; from the next read on the entry is shown."""

    async def act(changing: Changing) -> Changed | UserError:
        ask = asking.road.ask
        fault = text_fault(reason, "reason")
        if fault is not None:
            return fault
        found = await _held(changing, withholding)
        if isinstance(found, UserError):
            return found
        held, subject, look = found
        refusal = await _may(changing, subject, look, field="withholding", author="another")
        if refusal is not None:
            return refusal
        if not held.in_force:
            return UserError(code="NOT_IN_FORCE", message="It has ended already.", field="withholding")
        await changing.change.withholdings.lift(held.id, reason=reason, by=ask.caller.claims.person, at=ask.at)
        return _changed(held.id, subject.id)

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def _may(
    changing: Changing, subject: Child, look: OpenedEntry, *, field: str, **known_of: Attribute
) -> UserError | None:
    asking, looked = changing.asking, _caller_of(look)
    caller = asking.road.ask.caller
    own = {looked.get("person"), looked.get("mediated_for")} & caller.persons
    record_class = class_of_action_on_child(
        subject.facts,
        caller,
        # Whose case it is: that of whoever looked.
        own=bool(own),
        about="own-authority" if looked.get("authority") == caller.claims.authority else "other-authority",
        justification="recorded",
        **known_of,
    )
    return await changing.may(
        Target(
            record_class=record_class, known=await known(asking, [subject]), field=field, about=(ChildId(subject.id),)
        )
    )


async def _held(
    changing: Changing, text: str, **known_of: Attribute
) -> tuple[LogWithholding, Child, OpenedEntry] | UserError:
    """Return a withholding, held, with its child and the look it is about."""
    asking, withholding = changing.asking, _uuid(text)
    held = None
    if withholding is not None:
        held = await changing.change.withholdings.by_id(WithholdingId(withholding), hold=True)
    subject = None if held is None else await _child(asking, held.child)
    look = None if held is None or subject is None else await _look_at(asking, subject, held.entry)
    if held is None or subject is None or look is None:
        return await changing.missing(class_of_action(justification="recorded", **known_of), "withholding")
    return held, subject, look


async def _child(asking: Asking, child_id: UUID | None) -> Child | None:
    if child_id is None:
        return None
    return (await asking.directory.children([ChildId(child_id)])).get(ChildId(child_id))


async def _look(asking: Asking, subject: Child, reference: str) -> OpenedEntry | None:
    number = asking.references.number(subject.id, reference, scope=asking.ids.scope)
    return None if number is None else await _look_at(asking, subject, number)


async def _look_at(asking: Asking, subject: Child, number: int) -> OpenedEntry | None:
    """Return the entry with this number, if it is one about this child."""
    found = await asking.ledger.entries_about(subject.records, first=1, before_seq=number + 1)
    return found[0] if found and found[0].stored.seq == number else None


def _caller_of(look: OpenedEntry) -> dict[str, Any]:
    return dict(look.document["caller"] or {})


def _provisional_until(asking: Asking, earlier: Sequence[LogWithholding]) -> datetime:
    """Return when it ends unconfirmed: at once, if one was left unconfirmed before, or one person could go on alone."""
    at = asking.road.ask.at
    if any(one.confirmed_at is None for one in earlier):
        return at
    return at + asking.withholding_limits.provisional


def _until_fault(asking: Asking, until: datetime) -> UserError | None:
    at, longest = asking.road.ask.at, asking.withholding_limits.longest
    if until.tzinfo is None or until <= at:
        return UserError(
            code="NOT_LATER", message="`until` is an instant with a time zone, later than now.", field="until"
        )
    if until > at + longest:
        return UserError(
            code="TOO_LONG",
            message=f"An entry is withheld for {longest // timedelta(days=1)} days at most.",
            field="until",
        )
    return None


def _changed(withholding: WithholdingId, child: ChildId) -> Changed:
    return Changed(type=RecordType.LOG_WITHHOLDING, id=withholding, about=(child,))


def _teller(asking: Asking, selection: Selection) -> Tell:
    async def tell(withholding: UUID) -> Disclosed | None:
        assert asking.change is not None  # noqa: S101  # only a mutation's root gets here
        found = await asking.change.withholdings.by_id(WithholdingId(withholding))
        return (await asking.road.tell_each([found], selection))[0]

    return tell


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
