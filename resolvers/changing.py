"""The way of every mutation: its key, its decision, its change, and what is told of it afterwards.

Why a change is refused is told only of what the caller may know of: a record that is concealed and one that is not
there are refused in the same words.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from gateway.changes import Change, Claim
from gateway.disclosure.classes import Record, RecordClass
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import ActionNote
from gateway.vocabulary import ChildId, Effect, RecordType
from resolvers.asking import Asking

KEY_LIMIT = 100
TEXT_LIMIT = 500
"""Characters of a reason; more is refused, never cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserError:
    """Why nothing was changed; `field` is the input's field that it is about, if it is about one."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a caller asks to be changed: the action by its GraphQL name, and its input as it was sent."""

    action: str
    key: str
    input: Mapping[str, Any]

    def as_json(self) -> bytes:
        """Return action and input in one form, whatever the order they were written in."""
        stated = {name: value for name, value in self.input.items() if name != "idempotencyKey"}
        return orjson.dumps([self.action, stated], option=orjson.OPT_SORT_KEYS, default=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an action is about, as far as it was found: its class for the decision, and the children it concerns.

    `known` says whether the caller may know of it at all; `field` is the input's field that names it.
    `though_hidden` says that whoever may change it may do so unseen: an involvement whose consent was withdrawn is
    told to nobody, and is there for those who work on it.
    """

    record_class: RecordClass
    known: bool
    though_hidden: bool = False
    field: str
    about: tuple[ChildId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What was changed, for the entry and for telling."""

    type: RecordType
    id: UUID
    about: tuple[ChildId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a mutation comes to: the record changed as far as the caller may know of it, or why nothing was."""

    record: Disclosed | None = None
    errors: Sequence[UserError] = ()


Act = Callable[["Changing"], Awaitable[Changed | UserError]]
Tell = Callable[[UUID], Awaitable[Disclosed | None]]


class Changing:
    """One mutation on its way."""

    def __init__(self, asking: Asking, stated: Stated) -> None:
        """Begin with what was stated."""
        assert asking.change is not None  # noqa: S101  # only a mutation's root gets here
        self.asking = asking
        self.stated = stated
        self.change: Change = asking.change
        self._decided: ActionNote | None = None

    async def may(self, target: Target) -> UserError | None:
        """Return why the policies do not let this caller do it, or None where they do."""
        action = self.stated.action
        decision = await self.asking.road.decisions.decide_fields(RecordType.ACTION, target.record_class, (action,))
        self._decided = self._note(decision=decision, record_class=target.record_class, about=target.about)
        field = decision.fields[action]
        allowed = field.effect is Effect.DISCLOSE
        hidden = not target.known and not (allowed and target.though_hidden)
        if hidden or decision.exists is Effect.CONCEAL:
            return not_found(target.field)
        return None if allowed else self._refusal(field.tell, field.remedy)

    async def missing(self, record_class: RecordClass, field: str) -> UserError:
        """Return the refusal of a change to what is not there; it is decided all the same, to take as long."""
        await self.asking.road.decisions.decide_fields(RecordType.ACTION, record_class, (self.stated.action,))
        self._decided = self._note(found=False)
        return not_found(field)

    async def outcome(self, act: Act, tell: Tell) -> Outcome:
        """Return what the mutation comes to; under a key that was used, what it came to then."""
        error = _key_fault(self.stated.key)
        if error is not None:
            return self._refused(error)
        ask = self.asking.road.ask
        # A mediator's change for somebody is another than the same change for somebody else.
        asked_for = (ask.caller.claims.mediated_for or "").encode()
        digest = hashlib.sha256(self.stated.as_json() + asked_for).digest()
        earlier = await self.change.begin(
            Claim(
                person=ask.caller.claims.person,
                key=self.stated.key,
                digest=digest,
                action=self.stated.action,
                request_id=ask.request_id,
                at=ask.at,
            )
        )
        if earlier is not None and earlier.digest != digest:
            return self._refused(
                UserError(
                    code="KEY_REUSED",
                    message="This key was used for another change; give a new one.",
                    field="idempotencyKey",
                )
            )
        if earlier is not None:
            # Done and recorded before: nothing is decided on it or done again, and what is told is decided afresh.
            self._record(self._note(change=earlier.id))
            return Outcome(record=await tell(earlier.record_id))
        made = await act(self)
        if isinstance(made, UserError):
            return self._refused(made)
        await self.change.done(made.type, made.id)
        decided = self._decided or self._note()
        self._record(
            self._note(
                decision=decided.decision,
                record_class=decided.record_class,
                about=made.about,
                changed=(made.type, made.id),
            )
        )
        return Outcome(record=await tell(made.id))

    def _refused(self, error: UserError) -> Outcome:
        self._record(self._decided or self._note())
        return Outcome(errors=(error,))

    def _record(self, note: ActionNote) -> None:
        self.asking.road.notes.actions.append(note)

    def _note(self, *, change: UUID | None = None, **known: Any) -> ActionNote:
        return ActionNote(
            action=self.stated.action, change=change or self.change.id, stated=self.stated.as_json(), **known
        )

    def _refusal(self, tell: str | None, remedy: str | None) -> UserError:
        code = tell or "WITHHELD"
        said = [self.asking.purposes.sentence(part) for part in (code, remedy) if part is not None]
        message = " ".join(sentence for sentence in said if sentence) or "The rules do not allow this."
        return UserError(code=code, message=message)


async def known(asking: Asking, records: Sequence[Record]) -> bool:
    """Return whether the caller may know of all these records; there has to be one."""
    return bool(records) and len(await asking.road.findable(records)) == len(records)


def not_found(field: str) -> UserError:
    """Return the refusal of what is not there or not to be known of."""
    return UserError(code="NOT_FOUND", message="There is no such record that you may know of.", field=field)


def text_fault(text: str, field: str) -> UserError | None:
    """Return what is wrong with a stated reason, or None."""
    if not text.strip():
        return UserError(code="REASON_NEEDED", message="State a reason.", field=field)
    if len(text) > TEXT_LIMIT or "\x00" in text:
        return UserError(code="TEXT_TOO_LONG", message=f"At most {TEXT_LIMIT} characters are kept.", field=field)
    return None


def _key_fault(key: str) -> UserError | None:
    if 0 < len(key) <= KEY_LIMIT and key.isprintable():
        return None
    return UserError(
        code="BAD_KEY", message=f"A key has 1 to {KEY_LIMIT} printable characters.", field="idempotencyKey"
    )
