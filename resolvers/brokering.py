"""Ask to be put in touch with whoever works with a child, and answer that (domain rules H6, V2).

A request is refused or made alike whatever is hidden: only the child, and the involvement that it names, are looked at.
"""

from collections.abc import Sequence
from uuid import UUID

from gateway.brokering import ContactAnswer, NewContact
from gateway.disclosure.classes import class_of_action, class_of_action_on_child
from gateway.disclosure.question import Attribute
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.records import BrokeredContact, Involvement
from gateway.vocabulary import BrokeredContactId, BrokeringOutcome, ChildId, InvolvementId, RecordType
from resolvers.asking import Asking
from resolvers.brokered_contacts import asker_of_contacts, records_of_contacts
from resolvers.changing import (
    Changed,
    Changing,
    Outcome,
    Stated,
    Target,
    Tell,
    UserError,
    known,
    not_found,
    text_fault,
)
from resolvers.targets import child_to_change


async def contact_requested(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    child: str,
    involvement: str | None,
    reason: str,
    reach_by: str,
) -> Outcome:
    """Ask the directory team to put the caller in touch; nobody else reads what is written here."""

    async def act(changing: Changing) -> Changed | UserError:
        fault = text_fault(reason, "reason") or _reach_fault(reach_by) or await _elsewhere(changing, child)
        if fault is not None:
            return fault
        held = await child_to_change(changing, child, author="another", justification="recorded")
        if isinstance(held, UserError):
            return held
        work = None if involvement is None else await _shown(asking, held.id, involvement)
        if isinstance(work, UserError):
            return work
        ask = asking.road.ask
        caller, asker = ask.caller, asker_of_contacts(ask.caller)
        await _let_go(changing)
        contact = await changing.change.brokering.request(
            NewContact(
                child=held.id,
                involvement=None if work is None else work.id,
                asker=asker,
                role=caller.claims.role if caller.acts_for is None else caller.acts_for[0],
                through=None if asker == caller.claims.person else caller.claims.person,
                reason=reason,
                reach_by=reach_by,
                at=ask.at,
            )
        )
        if contact is None:
            message = "You have asked for this contact, and have no answer yet."
            return UserError(code="ALREADY_ASKED", message=message, field="child")
        return Changed(type=RecordType.BROKERED_CONTACT, id=contact, about=(held.id,))

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def contact_answered(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    contact: str,
    outcome: BrokeringOutcome,
    asker_agrees: bool,
    other_agrees: bool,
    answer: str | None,
    involvement: str | None = None,
) -> Outcome:
    """Say what came of a request, once; the asker is told that they are connected or not, and the words for them."""

    async def act(changing: Changing) -> Changed | UserError:
        fault = _answer_fault(outcome, answer)
        if fault is not None:
            return fault
        agreed = ("none", "one", "both")[asker_agrees + other_agrees]
        step = "connect" if outcome is BrokeringOutcome.CONNECTED else "close"
        held = await _held(changing, contact, step=step, agreement=agreed, justification="recorded")
        if isinstance(held, UserError):
            return held
        if held.outcome is not None:
            return UserError(code="ALREADY_ANSWERED", message="This request has been answered.", field="contact")
        work = None if involvement is None else await _shown(asking, held.child, involvement)
        if isinstance(work, UserError):
            return work
        ask = asking.road.ask
        await _let_go(changing)
        await changing.change.brokering.answer(
            held.id,
            ContactAnswer(
                outcome=outcome,
                asker_agrees=asker_agrees,
                other_agrees=other_agrees,
                words=answer if _says_something(answer) else None,
                by=ask.caller.claims.person,
                at=ask.at,
                connected_with=None if work is None else work.id,
            ),
        )
        return Changed(type=RecordType.BROKERED_CONTACT, id=held.id, about=(held.child,))

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def _let_go(changing: Changing) -> None:
    """Delete what is past its time, whoever asked for it: the rules tell of none of it any more."""
    limits, at = changing.asking.purposes.contact_limits(), changing.asking.road.ask.at
    await changing.change.brokering.let_go(answered_by=at - limits.answered, asked_by=at - limits.waiting)


async def _elsewhere(changing: Changing, text: str) -> UserError | None:
    """Return where to ask about a child whose record another authority told, or None for one of this gateway's."""
    foreign = changing.asking.ids.meant_elsewhere(text)
    if foreign is None:
        return None
    # Decided by the form of the id alone: whether that authority has such a record is not known here.
    record_class = class_of_action(home="other-authority", author="another", justification="recorded")
    refusal = await changing.may(Target(record_class=record_class, known=True, field="child"))
    message = (
        f"Authority {foreign.authority} keeps this record, and no request is sent there: ask its directory team. "
        "Its `localAuthority` names whom to reach."
    )
    return refusal or UserError(code="HELD_ELSEWHERE", message=message, field="child")


async def _shown(asking: Asking, child: ChildId, text: str) -> Involvement | UserError:
    """Return the child's involvement that the caller was shown, or that there is none they may know of."""
    wanted = asking.ids.meant_as(RecordType.INVOLVEMENT, text)
    works = {} if wanted is None else await asking.directory.involvements_by_id([InvolvementId(wanted)])
    records = (await asking.directory.children([child]))[child].records
    ours = [work for work in works.values() if work.child in records]
    return ours[0] if await known(asking, ours) else not_found("involvement")


async def _held(changing: Changing, text: str, **stated: Attribute) -> BrokeredContact | UserError:
    """Return a request, held, once the policies let the caller answer it so."""
    asking, brokering = changing.asking, changing.change.brokering
    wanted = asking.ids.meant_as(RecordType.BROKERED_CONTACT, text)
    kept = None if wanted is None else await brokering.by_id(BrokeredContactId(wanted), hold=True)
    records = await records_of_contacts(asking, [] if kept is None else [kept])
    if not records:
        return await changing.missing(class_of_action(**stated), "contact")
    [record], caller = records, asking.road.ask.caller
    about: dict[str, Attribute] = {
        "author": "self" if {record.asked_by, record.asked_through} & caller.persons else "another",
        # Whose it is to answer, wherever responsibility for the child has gone.
        "home": "same-authority" if record.home == caller.claims.authority else "other-authority",
    }
    target = Target(
        record_class=class_of_action_on_child(record.facts, caller, own=False, **(about | stated)),
        known=await known(asking, [record]),
        field="contact",
        about=(record.child,),
    )
    return await changing.may(target) or record


def _reach_fault(text: str) -> UserError | None:
    if not _says_something(text):
        return UserError(code="REACH_NEEDED", message="State how you can be reached.", field="reachBy")
    return text_fault(text, "reachBy")


def _answer_fault(outcome: BrokeringOutcome, answer: str | None) -> UserError | None:
    if answer is not None and _says_something(answer):
        return text_fault(answer, "answer")
    if outcome is BrokeringOutcome.CONNECTED:
        return UserError(code="ANSWER_NEEDED", message="Tell the asker how they are put in touch.", field="answer")
    return None


def _says_something(text: str | None) -> bool:
    return text is not None and bool(text.strip())


def _teller(asking: Asking, selection: Selection) -> Tell:
    async def tell(contact: UUID) -> Disclosed | None:
        assert asking.change is not None  # noqa: S101  # only a mutation's root gets here
        kept = await asking.change.brokering.by_id(BrokeredContactId(contact))
        records: Sequence[BrokeredContact] = await records_of_contacts(asking, [] if kept is None else [kept])
        return (await asking.road.tell_each([records[0] if records else None], selection))[0]

    return tell
