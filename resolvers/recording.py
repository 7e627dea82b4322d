"""Record who works with a child, until when, who leads, and that an assessment was completed (domain rule D4)."""

from datetime import date

from gateway.changes import NewConsent, NewInvolvement
from gateway.disclosure.road import Selection
from gateway.identity import LOCAL_TIME
from gateway.records import Agency, Child, Practitioner
from gateway.vocabulary import (
    SENSITIVE_SERVICES,
    AgencyId,
    CarerId,
    Consent,
    ConsentBasis,
    ConsentScope,
    PractitionerId,
    RecordType,
    Service,
)
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, UserError, not_found
from resolvers.targets import (
    changed_involvement,
    child_to_change,
    involvement_teller,
    involvement_to_change,
)

_SCOPED = {ConsentScope.RECORD_ONLY: Consent.RECORD_ONLY}


async def involvement_recorded(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    child: str,
    service: Service,
    started_on: date | None,
    practitioner: str | None,
    carer: str | None,
    consent: NewConsent | None,
) -> Outcome:
    """Record an involvement of one of the caller's posts, or of a colleague at the caller's agency."""

    async def act(changing: Changing) -> Changed | UserError:
        who = await _who(asking, practitioner)
        if isinstance(who, UserError):
            return who
        worker, agency = who
        sensitive = service in SENSITIVE_SERVICES or agency.sensitive or carer is not None
        held = await child_to_change(
            changing,
            child,
            involved=worker.id in asking.road.ask.caller.practitioners,
            sensitive=sensitive,
            subject="child" if carer is None else "carer",
            consent=_footing(consent, sensitive=sensitive).value,
            author="another",
            justification="recorded",
        )
        if isinstance(held, UserError):
            return held
        fault = _fault(service, started_on, consent, sensitive=sensitive, asking=asking)
        if fault is not None:
            return fault
        carer_id = await _carer_of(asking, held, carer)
        if isinstance(carer_id, UserError):
            return carer_id
        ask = asking.road.ask
        new = NewInvolvement(
            child=held.id,
            carer=carer_id,
            practitioner=worker.id,
            agency=agency.id,
            service=service,
            sensitive=sensitive,
            started_on=started_on or _today(asking),
        )
        involvement = await changing.change.recording.record(new, at=ask.at)
        if sensitive and consent is not None:
            await changing.change.recording.consent(involvement, consent, by=ask.caller.claims.person, at=ask.at)
        return changed_involvement(involvement, held.id)

    return await Changing(asking, stated).outcome(act, involvement_teller(asking, selection))


async def involvement_ended(
    asking: Asking, stated: Stated, selection: Selection, *, involvement: str, ended_on: date | None
) -> Outcome:
    """End an involvement, today unless another day is stated."""

    async def act(changing: Changing) -> Changed | UserError:
        held = await involvement_to_change(changing, involvement, author="another", justification="recorded")
        if isinstance(held, UserError):
            return held
        work, day = held.involvement, ended_on or _today(asking)
        if work.ended_on is not None:
            return UserError(code="ALREADY_ENDED", message="This involvement has ended.", field="involvement")
        if not work.started_on <= day <= _today(asking):
            message = "The last day is not before the first, and not after today."
            return UserError(code="BAD_DATE", message=message, field="endedOn")
        await changing.change.recording.end(work.id, on=day, at=asking.road.ask.at)
        return changed_involvement(work.id, held.child.id)

    return await Changing(asking, stated).outcome(act, involvement_teller(asking, selection))


async def lead_declared(asking: Asking, stated: Stated, selection: Selection, *, involvement: str) -> Outcome:
    """Make the practitioner of an involvement under way the child's lead professional."""

    async def act(changing: Changing) -> Changed | UserError:
        held = await involvement_to_change(changing, involvement, author="another", justification="recorded")
        if isinstance(held, UserError):
            return held
        work = held.involvement
        if not work.active:
            return UserError(code="ALREADY_ENDED", message="This involvement has ended.", field="involvement")
        await changing.change.recording.lead(work.id, records=held.child.records, at=asking.road.ask.at)
        return changed_involvement(work.id, held.child.id)

    return await Changing(asking, stated).outcome(act, involvement_teller(asking, selection))


async def assessment_recorded(asking: Asking, stated: Stated, selection: Selection, *, involvement: str) -> Outcome:
    """Record that a common assessment was completed; never what it says."""

    async def act(changing: Changing) -> Changed | UserError:
        held = await involvement_to_change(changing, involvement, author="another", justification="recorded")
        if isinstance(held, UserError):
            return held
        await changing.change.recording.assessed(held.involvement.id, at=asking.road.ask.at)
        return changed_involvement(held.involvement.id, held.child.id)

    return await Changing(asking, stated).outcome(act, involvement_teller(asking, selection))


async def _who(asking: Asking, text: str | None) -> tuple[Practitioner, Agency] | UserError:
    """Return the practitioner meant with the agency; the agency that vouches for both is the caller's own."""
    caller = asking.road.ask.caller
    if text is None:
        posts = [*caller.practitioners]
        if len(posts) != 1:
            message = "Name the practitioner: you have no post at your agency, or several."
            return UserError(code="PRACTITIONER_NEEDED", message=message, field="practitioner")
        wanted = posts[0]
    else:
        stated = asking.ids.meant_as(RecordType.PRACTITIONER, text)
        if stated is None:
            return not_found("practitioner")
        wanted = PractitionerId(stated)
    found = (await asking.directory.practitioners([wanted])).get(wanted)
    if found is None or found.agency != caller.agency:
        return not_found("practitioner")
    agencies = await asking.directory.agencies([AgencyId(found.agency)])
    agency = agencies.get(found.agency)
    return not_found("practitioner") if agency is None else (found, agency)


async def _carer_of(asking: Asking, child: Child, text: str | None) -> CarerId | UserError | None:
    if text is None:
        return None
    stated = asking.ids.meant_as(RecordType.CARER, text)
    carers = (await asking.directory.carers([child.id])).get(child.id, ())
    meant = [carer for carer in carers if carer.id == stated]
    return meant[0].id if await asking.road.findable(meant) else not_found("carer")


def _footing(consent: NewConsent | None, *, sensitive: bool) -> Consent:
    if not sensitive:
        return Consent.NONE_NEEDED
    if consent is None:
        return Consent.MISSING
    if consent.basis is ConsentBasis.SIGNIFICANT_HARM:
        return Consent.SIGNIFICANT_HARM
    return _SCOPED.get(consent.scope, Consent.GIVEN)


def _fault(
    service: Service, started_on: date | None, consent: NewConsent | None, *, sensitive: bool, asking: Asking
) -> UserError | None:
    if service is Service.UNSPECIFIED_SENSITIVE:
        return UserError(code="BAD_SERVICE", message="Name the service that is provided.", field="service")
    if started_on is not None and started_on > _today(asking):
        return UserError(code="BAD_DATE", message="The first day is not after today.", field="startedOn")
    if consent is not None and not sensitive:
        return UserError(code="NO_CONSENT_NEEDED", message="This service needs no consent.", field="consent")
    return None if consent is None else expiry_fault(consent, asking)


def expiry_fault(consent: NewConsent, asking: Asking) -> UserError | None:
    """Return what is wrong with the end of a consent, or None."""
    until = consent.expires_at
    if until is None or (until.tzinfo is not None and until > asking.road.ask.at):
        return None
    return UserError(
        code="NOT_LATER", message="`expiresAt` is an instant with a time zone, later than now.", field="expiresAt"
    )


def _today(asking: Asking) -> date:
    return asking.road.ask.at.astimezone(LOCAL_TIME).date()
