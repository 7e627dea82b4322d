"""Offer responsibility for a child to another authority, and answer what another one offers (domain rule X1).

Nothing crosses a border in here: what was decided is kept with its entry, and then told to the other side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from gateway.disclosure.classes import class_of_action, class_of_action_on_child
from gateway.disclosure.question import Attribute
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.federation.assertion import Asker
from gateway.federation.exchange import settle
from gateway.federation.transfer import Answer, Subject, Transfer, next_turn, responsible
from gateway.records import Child
from gateway.transfers import KeptTransfer, Transferring
from gateway.vocabulary import (
    AuthorityCode,
    ChildId,
    RecordType,
    Shield,
    TransferId,
    TransferState,
    TransferStep,
)
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, Target, Tell, UserError, known
from resolvers.responsibility import records_of_transfers
from resolvers.targets import child_to_change

_UNANSWERED = (TransferState.OFFERED, TransferState.WITHDRAWING)
_ANSWERS = {TransferStep.ACCEPT: Answer.ACCEPTED, TransferStep.REFUSE: Answer.REFUSED}
_PROTECTED = (Shield.PROVISIONAL, Shield.ACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A transfer that is held for a step, with the record it is about, if there is one here."""

    kept: KeptTransfer
    child: Child | None


async def responsibility_transferred(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    step: TransferStep,
    child: str | None,
    to: str | None,
    transfer: str | None,
    instead_of: str | None,
) -> Outcome:
    """Take one step of a transfer; who is responsible changes with the acceptance alone."""

    async def act(changing: Changing) -> Changed | UserError:
        fault = _form_fault(step, child, to, transfer, instead_of)
        if fault is not None:
            return fault
        if step is TransferStep.OFFER:
            return await _offered(changing, child or "", AuthorityCode(to or ""))
        return await _followed(changing, step, transfer or "", instead_of)

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def _offered(changing: Changing, text: str, to: AuthorityCode) -> Changed | UserError:
    asking, transfers = changing.asking, changing.change.transfers
    child_id = asking.ids.meant_as(RecordType.CHILD, text)
    # Held first, so that who is responsible is decided on as it stands until this change ends.
    before = () if child_id is None else await transfers.hold_child(ChildId(child_id))
    child = await child_to_change(changing, text, **_class(TransferStep.OFFER, agreement="one"))
    if isinstance(child, UserError):
        return child
    fault = _offer_fault(asking, child, to, [one.transfer for one in before])
    if isinstance(fault, UserError):
        return fault
    transferring, number = fault
    subject = Subject.of(number, shielded=child.facts.shield in _PROTECTED)
    offer = transferring.signer.offer(
        subject,
        transfer=TransferId(uuid4()),
        to=to,
        turn=next_turn(one.transfer for one in before),
        at=asking.road.ask.at,
    )
    kept = KeptTransfer(transfer=Transfer(offer=offer), subject=subject, child=child.id, delivered=False)
    await transfers.keep(kept, home=transferring.signer.home, at=asking.road.ask.at)
    return await _told(changing, kept)


def _offer_fault(
    asking: Asking, child: Child, to: AuthorityCode, before: Sequence[Transfer]
) -> UserError | tuple[Transferring, str]:
    """Return why a child cannot be offered to an authority, or by what means and under which number it is."""
    transferring = asking.transferring
    if transferring is None or to not in transferring.members():
        return UserError(code="NOT_A_MEMBER", message="Responsibility moves between members only.", field="to")
    if any(one.offer.by == transferring.signer.home and one.state in _UNANSWERED for one in before):
        message = "An offer of this child has not been answered yet."
        return UserError(code="TRANSFER_OPEN", message=message, field="child")
    if child.nhs_number is None:
        message = "Without an NHS number the other authority could not know which child it is."
        return UserError(code="NO_IDENTIFIER", message=message, field="child")
    return transferring, child.nhs_number


async def _followed(changing: Changing, step: TransferStep, text: str, instead_of: str | None) -> Changed | UserError:
    """Answer an offer, or withdraw one."""
    asking, transfers = changing.asking, changing.change.transfers
    held = await _held(changing, step, text)
    if isinstance(held, UserError):
        return held
    kept, transferring = held.kept, asking.transferring
    if transferring is None:
        return UserError(code="NOT_A_MEMBER", message="Responsibility moves between members only.")
    if kept.transfer.state is not TransferState.OFFERED:
        message = "This offer has been answered or withdrawn."
        return UserError(code="TRANSFER_SETTLED", message=message, field="transfer")
    ask, home = asking.road.ask, transferring.signer.home
    if step is TransferStep.WITHDRAW:
        said = transferring.signer.withdrawal(kept.transfer, at=ask.at)
    else:
        accepted = step is TransferStep.ACCEPT
        fault = await _acceptance_fault(changing, held, home, instead_of) if accepted else None
        if fault is not None:
            return fault
        said = transferring.signer.answer(kept.transfer, _ANSWERS[step], at=ask.at)
    kept = replace(kept, transfer=kept.transfer.joined([said]))
    await settle(transfers, kept, home=home, by=ask.caller.claims.person, at=ask.at)
    return await _told(changing, kept)


async def _acceptance_fault(
    changing: Changing, held: _Held, home: AuthorityCode, instead_of: str | None
) -> UserError | None:
    child = held.child
    if child is None:
        message = "There is no record of this child here yet; load it from the national demographics first."
        return UserError(code="RECORD_NEEDED", message=message, field="transfer")
    before = await changing.change.transfers.hold_child(child.id)
    if any(one.transfer.offer.by == home and one.transfer.state in _UNANSWERED for one in before):
        message = "This child has been offered to another authority, which has not answered yet."
        return UserError(code="TRANSFER_OPEN", message=message, field="transfer")
    # By the statements where there are some: they are read after the child is held, the record before.
    now_responsible = responsible(one.transfer for one in before) or child.responsible_authority
    if now_responsible not in (held.kept.transfer.offer.by, home, instead_of):
        # Nobody can give away what a third has; but what is known here may be old, which people find out.
        message = (
            "As far as is known here another authority is responsible, and not the one that offers. Ask that one; "
            "if it has given the child away, name it as `insteadOf`."
        )
        return UserError(code="OTHER_RESPONSIBLE", message=message, field="transfer")
    return None


async def _held(changing: Changing, step: TransferStep, text: str) -> _Held | UserError:
    """Return a transfer, held, once the policies let the caller take this step of it."""
    asking = changing.asking
    transfer = asking.ids.meant_as(RecordType.RESPONSIBILITY_TRANSFER, text)
    kept = None if transfer is None else await changing.change.transfers.hold(TransferId(transfer))
    if kept is None:
        return await changing.missing(class_of_action(**_class(step, agreement="none")), "transfer")
    [record] = await records_of_transfers(asking, [kept])
    child = None if kept.child is None else (await asking.directory.children([kept.child])).get(kept.child)
    offer, caller = kept.transfer.offer, asking.road.ask.caller
    agreed = "both" if step is TransferStep.ACCEPT and not kept.transfer.withdrawn else "one"
    about = _class(step, agreement=agreed)
    # Whose step it is: what was offered to an authority is that one's to answer, wherever the child is held.
    whose = offer.by if step is TransferStep.WITHDRAW else offer.to
    about["home"] = "same-authority" if whose == caller.claims.authority else "other-authority"
    target = Target(
        record_class=class_of_action(**about)
        if child is None
        else class_of_action_on_child(child.facts, caller, own=caller.subject_child in child.records, **about),
        known=await known(asking, [record]),
        field="transfer",
        about=() if child is None else (child.id,),
    )
    return await changing.may(target) or _Held(kept=kept, child=child)


async def _told(changing: Changing, kept: KeptTransfer) -> Changed:
    """Have the other side told, in the name of whoever decided, and return what was changed."""
    ask, claims = changing.asking.road.ask, changing.asking.road.ask.caller.claims
    await changing.change.transfers.tell(
        kept.transfer.id,
        asker=Asker(
            person=claims.person,
            name=claims.name,
            role=claims.role,
            agency=claims.agency,
            standing=ask.caller.standing,
        ),
        purpose=ask.access.purpose or "",
        at=ask.at,
    )
    about = () if kept.child is None else (kept.child,)
    return Changed(type=RecordType.RESPONSIBILITY_TRANSFER, id=kept.transfer.id, about=about)


def _class(step: TransferStep, *, agreement: str) -> dict[str, Attribute]:
    return {"step": step.value, "agreement": agreement, "author": "another", "justification": "recorded"}


def _form_fault(
    step: TransferStep, child: str | None, to: str | None, transfer: str | None, instead_of: str | None
) -> UserError | None:
    wanted = (True, True, False) if step is TransferStep.OFFER else (False, False, True)
    fits = tuple(one is not None for one in (child, to, transfer)) == wanted
    if fits and (instead_of is None or step is TransferStep.ACCEPT):
        return None
    message = (
        "An offer names `child` and `to`; every other step names `transfer` alone, an acceptance `insteadOf` as well "
        "where a third authority was responsible."
    )
    return UserError(code="BAD_STEP", message=message, field="step")


def _teller(asking: Asking, selection: Selection) -> Tell:
    async def tell(transfer: UUID) -> Disclosed | None:
        assert asking.change is not None  # noqa: S101  # only a mutation's root gets here
        kept = await asking.change.transfers.by_id(TransferId(transfer))
        records = await records_of_transfers(asking, [] if kept is None else [kept])
        return (await asking.road.tell_each([records[0] if records else None], selection))[0]

    return tell
