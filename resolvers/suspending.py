"""Suspend a caller's access at once, and give it back after a second person's look (domain rule L6)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gateway.disclosure.classes import class_of_action
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.records import Registration
from gateway.vocabulary import PersonId, RecordType, SuspensionId
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, Target, Tell, UserError, not_found, text_fault

PERSON_LIMIT = 200


async def suspended(
    asking: Asking, stated: Stated, selection: Selection, *, person: PersonId, reason: str, until: datetime | None
) -> Outcome:
    """Suspend a person in every role, from the next request on; until a moment, or until lifted."""

    async def act(changing: Changing) -> Changed | UserError:
        ask, suspensions = asking.road.ask, changing.change.suspensions
        fault = text_fault(reason, "reason") or _until_fault(until, ask.at)
        if fault is not None:
            return fault
        found = await suspensions.registrations_of(person) if _is_name(person) else ()
        refusal = await _may(changing, person, found, author=None)
        if refusal is not None:
            return refusal
        suspension = await suspensions.suspend(
            person,
            authority=ask.caller.claims.authority,
            reason=reason,
            by=ask.caller.claims.person,
            at=ask.at,
            until=until,
        )
        return Changed(type=RecordType.SUSPENSION, id=suspension)

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def reinstated(asking: Asking, stated: Stated, selection: Selection, *, person: PersonId, reason: str) -> Outcome:
    """Lift what suspensions of a person the caller's authority has in force."""

    async def act(changing: Changing) -> Changed | UserError:
        caller, suspensions = asking.road.ask.caller, changing.change.suspensions
        fault = text_fault(reason, "reason")
        if fault is not None:
            return fault
        found = await suspensions.registrations_of(person) if _is_name(person) else ()
        held = await suspensions.in_force(person, caller.claims.authority) if found else ()
        own = any(suspension.suspended_by in caller.persons for suspension in held)
        refusal = await _may(changing, person, found, author="self" if own else "another")
        if refusal is not None:
            return refusal
        if not held:
            return not_found("person")
        ids = [suspension.id for suspension in held]
        await suspensions.lift(ids, reason=reason, by=caller.claims.person, at=asking.road.ask.at)
        return Changed(type=RecordType.SUSPENSION, id=ids[-1])

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def _may(
    changing: Changing, person: PersonId, found: Sequence[Registration], *, author: str | None
) -> UserError | None:
    caller = changing.asking.road.ask.caller
    at_home = any(registration.authority == caller.claims.authority for registration in found)
    own = person in caller.persons
    record_class = class_of_action(
        about="own-authority" if at_home else "other-authority",
        author=author or ("self" if own else "another"),
        justification="recorded",
        **{"self": own},
    )
    if not found:
        return await changing.missing(record_class, "person")
    return await changing.may(Target(record_class=record_class, known=True, field="person"))


def _teller(asking: Asking, selection: Selection) -> Tell:
    async def tell(suspension: UUID) -> Disclosed | None:
        assert asking.change is not None  # noqa: S101  # only a mutation's root gets here
        found = await asking.change.suspensions.by_id([SuspensionId(suspension)])
        return (await asking.road.tell_each([found[0] if found else None], selection))[0]

    return tell


def _is_name(person: str) -> bool:
    return len(person) <= PERSON_LIMIT and person.isprintable()


def _until_fault(until: datetime | None, at: datetime) -> UserError | None:
    if until is None or (until.tzinfo is not None and until > at):
        return None
    return UserError(code="NOT_LATER", message="`until` is an instant with a time zone, later than now.", field="until")
