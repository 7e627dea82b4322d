"""What a change is about: found, classed and decided, or refused as if it were not there."""

from dataclasses import dataclass
from uuid import UUID

from gateway.disclosure.classes import class_of_action, class_of_action_on_child
from gateway.disclosure.question import Attribute
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.records import Child, Involvement
from gateway.vocabulary import ChildId, InvolvementId, RecordType
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Target, Tell, UserError, known
from resolvers.children import children_by_id
from resolvers.involvements import involvements_by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An involvement that may be changed, with its child, as they stand in this change."""

    involvement: Involvement
    child: Child


async def child_to_change(changing: Changing, text: str, **stated: Attribute) -> Child | UserError:
    """Return the child an action is about, once the policies let the caller do it; `stated` completes the class."""
    asking = changing.asking
    child_id = asking.ids.meant_as(RecordType.CHILD, text)
    found = {} if child_id is None else await asking.directory.children([ChildId(child_id)])
    child = None if child_id is None else found.get(ChildId(child_id))
    if child is None:
        return await changing.missing(class_of_action(**stated), "child")
    caller = asking.road.ask.caller
    own = caller.subject_child in child.records or caller.subject_carer in child.facts.carers
    target = Target(
        record_class=class_of_action_on_child(child.facts, caller, own=own, **stated),
        known=await known(asking, [child]),
        field="child",
        about=(child.id,),
    )
    return await changing.may(target) or child


async def involvement_to_change(changing: Changing, text: str, **stated: Attribute) -> Held | UserError:
    """Return the involvement an action is about, held, once the policies let the caller do it."""
    asking, caller = changing.asking, changing.asking.road.ask.caller
    involvement_id = asking.ids.meant_as(RecordType.INVOLVEMENT, text)
    if involvement_id is not None:
        await changing.change.recording.hold(InvolvementId(involvement_id))
    held = None if involvement_id is None else await _held(asking, InvolvementId(involvement_id))
    if held is None:
        return await changing.missing(class_of_action(**stated), "involvement")
    work, child = held.involvement, held.child
    own = caller.subject_child in child.records or caller.subject_carer in child.facts.carers
    about: dict[str, Attribute] = {
        # Involved in this service, not only with this child: nobody changes a colleague's involvement.
        "involved": work.practitioner in caller.practitioners,
        "sensitive": work.sensitive,
        "consent": work.consent.value,
        "subject": "child" if work.carer is None else "carer",
    }
    target = Target(
        record_class=class_of_action_on_child(child.facts, caller, own=own, **(about | stated)),
        known=await known(asking, [work]),
        though_hidden=True,
        field="involvement",
        about=(child.id,),
    )
    return await changing.may(target) or held


async def _held(asking: Asking, involvement_id: InvolvementId) -> Held | None:
    work = (await asking.directory.involvements_by_id([involvement_id])).get(involvement_id)
    child = None if work is None else (await asking.directory.children([work.child])).get(work.child)
    return None if work is None or child is None else Held(involvement=work, child=child)


def changed_child(child: Child) -> Changed:
    """Return a child as what was changed."""
    return Changed(type=RecordType.CHILD, id=child.id, about=(child.id,))


def changed_involvement(involvement: InvolvementId, child: ChildId) -> Changed:
    """Return an involvement as what was changed."""
    return Changed(type=RecordType.INVOLVEMENT, id=involvement, about=(child,))


def child_teller(asking: Asking, selection: Selection) -> Tell:
    """Return what tells a child after a change."""

    async def tell(child: UUID) -> Disclosed | None:
        return (await children_by_id(asking, [ChildId(child)], selection))[0]

    return tell


def involvement_teller(asking: Asking, selection: Selection) -> Tell:
    """Return what tells an involvement after a change, if it is still there to be known of."""

    async def tell(involvement: UUID) -> Disclosed | None:
        return (await involvements_by_id(asking, [InvolvementId(involvement)], selection))[0]

    return tell
