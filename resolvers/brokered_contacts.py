"""Requests for brokered contact: the asker's own, and all of this authority for its directory team (domain rule H6)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gateway.brokering import ContactLimits, KeptContact
from gateway.disclosure.classes import class_of_contact_of_another
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.identity import LOCAL_TIME, Caller, standing_of
from gateway.records import BrokeredContact, Child
from gateway.vocabulary import AnswerSince, BrokeredContactId, CallerStanding, Effect, PersonId, RecordType
from resolvers.asking import Asking
from resolvers.children import children_by_id
from resolvers.paging import Page, page_of


async def contacts_asked_for(
    asking: Asking, selection: Selection, *, unanswered: bool, first: int, after: str | None
) -> Page:
    """Return a page of requests: all, for whoever answers them, and for everybody else their own; as `page_of` does."""
    # Decided first: who may not see those of others puts nobody to the work of reading them.
    asker = None if await _sees_others(asking) else asker_of_contacts(asking.road.ask.caller)

    async def read(at: UUID | None, size: int) -> Sequence[KeptContact]:
        after_id = None if at is None else BrokeredContactId(at)
        return await asking.brokering.page(asker=asker, waiting=unanswered, after=after_id, size=size)

    async def records_of(kept: Sequence[KeptContact]) -> Sequence[BrokeredContact]:
        return await records_of_contacts(asking, kept)

    return await page_of(
        asking,
        selection,
        first=first,
        after=after,
        record_type=RecordType.BROKERED_CONTACT,
        read=read,
        place=lambda kept: kept.id,
        records_of=records_of,
    )


def asker_of_contacts(caller: Caller) -> PersonId:
    """Return whose requests a caller's are: those of the person asked for, where somebody mediates."""
    return caller.claims.mediated_for or caller.claims.person


async def records_of_contacts(asking: Asking, kept: Sequence[KeptContact]) -> list[BrokeredContact]:
    """Return requests as records, each with the facts of its child, in order; one whose child is gone is left out."""
    children = await asking.directory.children(list({one.asked.child for one in kept})) if kept else {}
    return [_record(asking, one, children[one.asked.child]) for one in kept if one.asked.child in children]


async def children_of_contacts(
    asking: Asking, contacts: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the child of each request."""
    return await children_by_id(asking, [contact.keys["child"] for contact in contacts], selection)


async def involvements_of_contacts(
    asking: Asking, contacts: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the involvement that each asker was shown, as far as whoever reads may know of it now."""
    ids = [contact.keys["involvement"] for contact in contacts]
    found = await asking.directory.involvements_by_id([one for one in ids if one is not None])
    return await asking.road.tell_each([found.get(one) for one in ids], selection)


async def _sees_others(asking: Asking) -> bool:
    record_class = class_of_contact_of_another(asking.road.ask.home, asking.road.ask.caller)
    decision = (await asking.road.decisions.decide([(RecordType.BROKERED_CONTACT, record_class)]))[0]
    return decision.exists is Effect.DISCLOSE


def _record(asking: Asking, kept: KeptContact, child: Child) -> BrokeredContact:
    asked, asker, answer = kept.asked, kept.asker, kept.answer
    return BrokeredContact(
        id=kept.id,
        home=asking.road.ask.home,
        child=child.id,
        facts=child.facts,
        involvement=asked.involvement,
        reason=asked.reason,
        reach_by=asked.reach_by,
        asked_at=asked.at,
        asked_by=asked.asker,
        asker_name=None if asker is None else asker.name,
        asker_role=asked.role,
        asker_agency=None if asker is None else asker.agency_name,
        asked_through=asked.through,
        outcome=None if answer is None else answer.outcome,
        asker_agrees=None if answer is None else answer.asker_agrees,
        other_agrees=None if answer is None else answer.other_agrees,
        answer=None if answer is None else answer.words,
        answered_by=None if answer is None else answer.by,
        answered_at=None if answer is None else answer.at,
        since=_since(kept, asking.road.ask.at),
        past=_past(kept, asking.purposes.contact_limits(), asking.road.ask.at),
    )


def _since(kept: KeptContact, at: datetime) -> AnswerSince:
    asker = kept.asker
    if kept.answer is None or kept.since is not AnswerSince.NOTHING:
        return kept.since
    if asker is None or standing_of(asker, at.astimezone(LOCAL_TIME).date()) is not CallerStanding.CURRENT:
        return AnswerSince.STANDING
    return AnswerSince.NOTHING


def _past(kept: KeptContact, limits: ContactLimits, at: datetime) -> bool:
    if kept.answer is None:
        return kept.asked.at + limits.waiting <= at
    return kept.answer.at + limits.answered <= at
