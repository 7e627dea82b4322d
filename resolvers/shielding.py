"""Ask for a shield, review one, and record a refusal to share (domain rules H1, H2, P2)."""

from datetime import date

from gateway.disclosure.road import Selection
from gateway.identity import LOCAL_TIME, Caller
from gateway.shield_reviews import review_due
from gateway.vocabulary import PersonId, RefusalGround, ShieldRequester, ShieldReview
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, UserError, text_fault
from resolvers.targets import changed_child, child_teller, child_to_change


async def shield_requested(
    asking: Asking, stated: Stated, selection: Selection, *, child: str, on_behalf_of: ShieldRequester
) -> Outcome:
    """Shield a child provisionally, at once; only a recorded review ends it."""

    async def act(changing: Changing) -> Changed | UserError:
        held = await child_to_change(changing, child, author="another", justification="recorded")
        if isinstance(held, UserError):
            return held
        ask = asking.road.ask
        await changing.change.shields.request(
            held.id,
            requested_by=_own_request(ask.caller) or on_behalf_of,
            by=ask.caller.claims.person,
            at=ask.at,
            review_due=_review_due(asking),
        )
        return changed_child(held)

    return await Changing(asking, stated).outcome(act, child_teller(asking, selection))


async def shield_reviewed(
    asking: Asking, stated: Stated, selection: Selection, *, child: str, review: ShieldReview
) -> Outcome:
    """Record a review of the shields on a child: kept for another six months, or lifted."""

    async def act(changing: Changing) -> Changed | UserError:
        caller, shields = asking.road.ask.caller, changing.change.shields
        wanted = await child_to_change(changing, child, author="another", justification="recorded")
        if isinstance(wanted, UserError):
            return wanted
        in_force = await shields.in_force(wanted.id)
        if any(shield.requester in caller.persons for shield in in_force):
            # Whose shield it is, is told only to one who may review others: the same decision, with the author known.
            own = await child_to_change(changing, child, author="self", justification="recorded")
            if isinstance(own, UserError):
                return own
        if not in_force:
            return UserError(code="NOT_SHIELDED", message="No shield on this child is in force.", field="child")
        ids, by, at = [shield.id for shield in in_force], caller.claims.person, asking.road.ask.at
        if review is ShieldReview.LIFT:
            await shields.lift(ids, by=by, at=at)
        else:
            await shields.keep(ids, by=by, at=at, review_due=_review_due(asking))
        return changed_child(wanted)

    return await Changing(asking, stated).outcome(act, child_teller(asking, selection))


async def refusal_recorded(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    child: str,
    ground: RefusalGround,
    reason: str,
    reviewer: str,
) -> Outcome:
    """Record that sharing was refused, why, and who reviews it."""

    async def act(changing: Changing) -> Changed | UserError:
        fault = text_fault(reason, "reason")
        if fault is not None:
            return fault
        ask = asking.road.ask
        registered = await changing.change.suspensions.registrations_of(PersonId(reviewer.replace("\x00", " ")))
        second = bool(registered) and reviewer not in ask.caller.persons
        held = await child_to_change(
            changing,
            child,
            author="another",
            justification="recorded",
            reviewers="one" if second else "none",
        )
        if isinstance(held, UserError):
            return held
        await changing.change.shields.refuse(
            held.id, ground=ground, reason=reason, by=ask.caller.claims.person, reviewer=PersonId(reviewer), at=ask.at
        )
        return changed_child(held)

    return await Changing(asking, stated).outcome(act, child_teller(asking, selection))


def _own_request(caller: Caller) -> ShieldRequester | None:
    if caller.subject_child is not None:
        return ShieldRequester.CHILD
    return ShieldRequester.CARER if caller.subject_carer is not None else None


def _review_due(asking: Asking) -> date:
    return review_due(asking.road.ask.at.astimezone(LOCAL_TIME).date())
