"""Consent to a sensitive involvement, its withdrawal, and conflicts of interest (domain rules V1, V3, A5)."""

from dataclasses import replace

from gateway.changes import NewConsent
from gateway.disclosure.road import Selection
from gateway.identity import Caller
from gateway.vocabulary import ConsentBasis, InvolvementId, RecordType, Understanding
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, UserError
from resolvers.recording import expiry_fault
from resolvers.targets import (
    changed_involvement,
    involvement_teller,
    involvement_to_change,
)


async def consent_recorded(
    asking: Asking, stated: Stated, selection: Selection, *, involvement: str, consent: NewConsent
) -> Outcome:
    """Record a new version of the consent to an involvement; the latest counts from the next read on."""

    async def act(changing: Changing) -> Changed | UserError:
        ask = asking.road.ask
        given = _as_own(consent, ask.caller)
        understanding = given.understanding or await _understanding(changing, involvement)
        held = await involvement_to_change(
            changing, involvement, understanding=understanding.value, author="another", justification="recorded"
        )
        if isinstance(held, UserError):
            return held
        if not held.involvement.sensitive:
            return UserError(code="NO_CONSENT_NEEDED", message="This service needs no consent.", field="involvement")
        fault = _basis_fault(given, ask.caller) or expiry_fault(given, asking)
        if fault is not None:
            return fault
        await changing.change.recording.consent(held.involvement.id, given, by=ask.caller.claims.person, at=ask.at)
        return changed_involvement(held.involvement.id, held.child.id)

    return await Changing(asking, stated).outcome(act, involvement_teller(asking, selection))


async def consent_withdrawn(asking: Asking, stated: Stated, selection: Selection, *, involvement: str) -> Outcome:
    """Withdraw the consent to an involvement; it is told to nobody from the very next read on (V3)."""

    async def act(changing: Changing) -> Changed | UserError:
        ask = asking.road.ask
        understanding = await _understanding(changing, involvement)
        held = await involvement_to_change(
            changing, involvement, understanding=understanding.value, author="another", justification="recorded"
        )
        if isinstance(held, UserError):
            return held
        work = held.involvement
        if not await changing.change.recording.withdraw(work.id, by=ask.caller.claims.person, at=ask.at):
            return UserError(
                code="NOTHING_TO_WITHDRAW", message="No consent to this stands any more.", field="involvement"
            )
        return changed_involvement(work.id, held.child.id)

    return await Changing(asking, stated).outcome(act, involvement_teller(asking, selection))


async def conflict_declared(asking: Asking, stated: Stated, selection: Selection, *, involvement: str) -> Outcome:
    """Declare that the practitioner of an involvement has a conflict of interest on its child."""

    async def act(changing: Changing) -> Changed | UserError:
        held = await involvement_to_change(changing, involvement, author="another", justification="recorded")
        if isinstance(held, UserError):
            return held
        ask = asking.road.ask
        await changing.change.recording.declare_conflict(
            held.child.id, held.involvement.practitioner, by=ask.caller.claims.person, at=ask.at
        )
        return changed_involvement(held.involvement.id, held.child.id)

    return await Changing(asking, stated).outcome(act, involvement_teller(asking, selection))


async def _understanding(changing: Changing, text: str) -> Understanding:
    """Return what was recorded of the child's understanding: whose consent counts is not for the one who gives it."""
    asking = changing.asking
    involvement = asking.ids.meant_as(RecordType.INVOLVEMENT, text)
    wanted = [] if involvement is None else [InvolvementId(involvement)]
    works = await asking.directory.involvements_by_id(wanted)
    children = await asking.directory.children([work.child for work in works.values()])
    records = [record for child in children.values() for record in child.records]
    return await changing.change.recording.understanding(records)


def _as_own(consent: NewConsent, caller: Caller) -> NewConsent:
    """Return a consent without a judgement of understanding where a child or carer gives it."""
    if caller.subject_child is None and caller.subject_carer is None:
        return consent
    return replace(consent, understanding=None)


def _basis_fault(consent: NewConsent, caller: Caller) -> UserError | None:
    own = {
        ConsentBasis.CHILD_CONSENT: caller.subject_child is not None,
        ConsentBasis.CARER_CONSENT: caller.subject_carer is not None,
    }
    if not any(own.values()) or own.get(consent.basis, False):
        return None
    return UserError(code="BASIS_NOT_YOURS", message="You can give your own consent only.", field="basis")
