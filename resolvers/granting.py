"""Ask for a break-glass or public-interest grant, and review one afterwards (domain rules H5, P1)."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from gateway.changes import NewGrant
from gateway.disclosure.classes import class_of_action, class_of_action_on_child
from gateway.disclosure.fields import DERIVED, FIELDS
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.vocabulary import GrantGround, GrantId, GrantKind, GrantReview, RecordType
from resolvers.asking import Asking
from resolvers.changing import (
    Changed,
    Changing,
    Outcome,
    Stated,
    Target,
    Tell,
    UserError,
    known,
    text_fault,
)
from resolvers.targets import child_to_change

GRANT_LASTS = timedelta(minutes=15)
REVIEW_WITHIN = timedelta(days=3)
"""How long a grant may wait for its review before its asker is given no other."""
FIELD_LIMIT = 20

_GRANTABLE = frozenset(
    f"{kind.value}.{name}"
    for kind in (RecordType.CHILD, RecordType.INVOLVEMENT)
    for name in FIELDS[kind]
    if name not in DERIVED
)
"""What a grant can name: of one child and of the involvements with that child."""


async def grant_requested(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    child: str,
    kind: GrantKind,
    ground: GrantGround,
    fields: Sequence[str],
    reason: str,
    necessity: str,
) -> Outcome:
    """Give a grant that opens named fields of one child's record, to one ask, for minutes."""

    async def act(changing: Changing) -> Changed | UserError:
        fault = text_fault(reason, "reason") or text_fault(necessity, "necessity") or _fields_fault(fields)
        if fault is not None:
            return fault
        ask, grants = asking.road.ask, changing.change.grants
        held = await child_to_change(
            changing,
            child,
            author="another",
            justification="recorded",
            grant=kind.value,
            ground=ground.value,
            earlier=await grants.earlier(ask.caller.claims.person, review_within=REVIEW_WITHIN),
        )
        if isinstance(held, UserError):
            return held
        new = NewGrant(
            child=held.id,
            kind=kind,
            ground=ground,
            fields=tuple(sorted(set(fields))),
            reason=reason,
            necessity=necessity,
        )
        grant = await grants.request(new, by=ask.caller.claims.person, at=ask.at, until=ask.at + GRANT_LASTS)
        return Changed(type=RecordType.GRANT, id=grant, about=(held.id,))

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def grant_reviewed(
    asking: Asking, stated: Stated, selection: Selection, *, grant: str, review: GrantReview
) -> Outcome:
    """Record the review of a grant by a second person."""

    async def act(changing: Changing) -> Changed | UserError:
        caller, grants = asking.road.ask.caller, changing.change.grants
        found = await grants.by_id([GrantId(wanted)]) if (wanted := _id(grant)) is not None else ()
        children = await asking.directory.children([one.child for one in found])
        if not found or found[0].child not in children:
            return await changing.missing(class_of_action(author="another"), "grant")
        held, child = found[0], children[found[0].child]
        refusal = await changing.may(
            Target(
                record_class=class_of_action_on_child(
                    child.facts,
                    caller,
                    own=False,
                    author="self" if held.requested_by in caller.persons else "another",
                    justification="recorded",
                ),
                known=await known(asking, [held]),
                field="grant",
                about=(held.child,),
            )
        )
        if refusal is not None:
            return refusal
        if held.review is not None:
            return UserError(code="ALREADY_REVIEWED", message="This grant has been reviewed.", field="grant")
        await grants.review(held.id, review, by=caller.claims.person, at=asking.road.ask.at)
        return Changed(type=RecordType.GRANT, id=held.id, about=(held.child,))

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


def _teller(asking: Asking, selection: Selection) -> Tell:
    async def tell(grant: UUID) -> Disclosed | None:
        assert asking.change is not None  # noqa: S101  # only a mutation's root gets here
        found = await asking.change.grants.by_id([GrantId(grant)])
        return (await asking.road.tell_each([found[0] if found else None], selection))[0]

    return tell


def _fields_fault(fields: Sequence[str]) -> UserError | None:
    if fields and len(fields) <= FIELD_LIMIT and _GRANTABLE.issuperset(fields):
        return None
    message = f"Name 1 to {FIELD_LIMIT} fields of the child or its involvements, such as Child.address."
    return UserError(code="BAD_FIELDS", message=message, field="fields")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
