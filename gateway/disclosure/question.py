"""The question the gateway asks of the policies, and their answer: the JSON contract, as values.

One question carries a batch of *classes*, never a record: names, dates and identifiers do not reach the policies.
`Question.as_input` and `Answer.from_document` are the only places where the contract's JSON is written and read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gateway.errors import DecisionUnavailable
from gateway.vocabulary import Effect, Obligation, RecordType

CONTRACT_VERSION = 1
OUTCOMES_KEPT = 1024
"""Different decisions on a field that are kept once read."""

Attribute = str | bool | tuple[str, ...] | None
"""One attribute of a class: a word, a flag, or a sorted tuple of words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerAttributes:
    """What of the caller a decision may depend on; `acts_for` is (role, standing) of a mediated person.

    `through` is that of a mediator who stands between a peer and the person it asks for.
    """

    role: str
    agency: str
    authority: str
    standing: str
    acts_for: tuple[str, str] | None = None
    through: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAttributes:
    """A grant as it stands at this moment: what of it a decision may depend on, and never its id.

    `kind` is break-glass or public-interest; `state` is usable, spent, expired, refused or of-another;
    `justification` says whether reason, necessity and proportionality were recorded first.
    """

    kind: str
    ground: str
    state: str
    justification: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAttributes:
    """Why and how the caller asks; `now` is RFC 3339 with +00:00, quantised so that decisions can be remembered."""

    purpose: str | None
    origin: str
    grant: GrantAttributes | str | None
    """A grant that was not looked up, such as the text of a header, is no attribute: the policies see none."""
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One distinct class of one record type, with the fields a decision is wanted for (GraphQL names)."""

    type: RecordType
    fields: tuple[str, ...]
    record_class: tuple[tuple[str, Attribute], ...]
    """The class as sorted (name, value) pairs, so that equal classes are equal keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A batch of classes to decide for one caller and one access; items are told apart by key."""

    caller: CallerAttributes
    access: AccessAttributes
    items: Mapping[str, Item]

    def as_input(self) -> dict[str, Any]:
        """Return the JSON form that the policies read as `input`."""
        return {
            "v": CONTRACT_VERSION,
            "caller": {
                "role": self.caller.role,
                "agency": self.caller.agency,
                "authority": self.caller.authority,
                "standing": self.caller.standing,
                "acts_for": acting_for(self.caller.acts_for, self.caller.through),
            },
            "access": {
                "purpose": self.access.purpose,
                "origin": self.access.origin,
                "grant": _grant(self.access.grant),
                "now": self.access.now,
            },
            "items": {
                key: {
                    "type": item.type.value,
                    "fields": list(item.fields),
                    "class": {
                        name: list(value) if isinstance(value, tuple) else value for name, value in item.record_class
                    },
                }
                for key, item in self.items.items()
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDecision:
    """What is done to one field; `tell` and `remedy` go out, `reasons` go to the ledger only."""

    effect: Effect
    reasons: tuple[str, ...] = ()
    tell: str | None = None
    remedy: str | None = None
    obligations: tuple[Obligation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on one class: whether the record exists for this caller, and what each field comes to."""

    exists: Effect
    reasons: tuple[str, ...]
    fields: Mapping[str, FieldDecision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The decisions for every item of a question, under one policy revision."""

    revision: str
    items: Mapping[str, Decision]

    @classmethod
    def from_document(cls, document: object, question: Question) -> "Answer":
        """Read the policies' JSON against the question it answers.

        Raises:
            DecisionUnavailable: Anything is missing, unknown or malformed: a wrong answer is no answer.
        """
        try:
            if not isinstance(document, dict) or document["v"] != CONTRACT_VERSION:
                raise _incomplete("answer-malformed")
            revision = document["revision"]
            if not isinstance(revision, str) or not revision:
                raise _incomplete("revision-missing")
            items = {key: _decision(document["items"][key], item) for key, item in question.items.items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _incomplete("answer-malformed") from error
        return cls(revision=revision, items=items)


def acting_for(person: tuple[str, str] | None, through: tuple[str, str] | None) -> dict[str, Any] | None:
    """Return the JSON form of the person asked for; who stands between is named only where somebody does."""
    if person is None:
        return None
    between = {} if through is None else {"through": {"role": through[0], "standing": through[1]}}
    return {"role": person[0], "standing": person[1], **between}


def through_in(acts_for: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Return role and standing of who stands between a peer and the person asked for, or None for nobody."""
    through = None if acts_for is None else acts_for.get("through")
    return None if through is None else (through["role"], through["standing"])


def _grant(grant: GrantAttributes | str | None) -> dict[str, str] | None:
    if not isinstance(grant, GrantAttributes):
        return None
    return {
        "kind": grant.kind,
        "ground": grant.ground,
        "state": grant.state,
        "justification": grant.justification,
    }


def _decision(document: Mapping[str, Any], item: Item) -> Decision:
    exists = Effect(document["exists"])
    if exists not in (Effect.DISCLOSE, Effect.CONCEAL):
        raise _incomplete("existence-malformed")
    return Decision(
        exists=exists,
        reasons=_words(_listed(document.get("reasons", []))),
        fields={name: _field(document["fields"][name]) for name in item.fields},
    )


def _field(document: Mapping[str, Any]) -> FieldDecision:
    return _field_decision(
        document["effect"],
        document["tell"],
        document["remedy"],
        _listed(document["reasons"]),
        _listed(document["obligations"]),
    )


@lru_cache(maxsize=OUTCOMES_KEPT)
def _field_decision(
    word: str, tell: str | None, remedy: str | None, reasons: tuple[object, ...], names: tuple[object, ...]
) -> FieldDecision:
    """Return the decision with these codes, read once: the fields of an answer come to a few different ones.

    What is malformed raises and is not kept. Codes alone are kept, and nobody's.
    """
    effect, obligations = Effect(word), tuple(Obligation(name) for name in _words(names))
    if (effect is Effect.MASK) != bool(obligations):
        raise _incomplete("obligations-do-not-fit")
    if effect is Effect.WITHHOLD and tell is None:
        raise _incomplete("tell-missing")
    if tell is not None and not isinstance(tell, str):
        raise _incomplete("tell-malformed")
    if remedy is not None and not isinstance(remedy, str):
        raise _incomplete("remedy-malformed")
    return FieldDecision(effect=effect, reasons=_words(reasons), tell=tell, remedy=remedy, obligations=obligations)


def _listed(value: object) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise _incomplete("words-malformed")
    return tuple(value)


def _words(listed: tuple[object, ...]) -> tuple[str, ...]:
    words = tuple(sorted(word for word in listed if isinstance(word, str)))
    if len(words) < len(listed):
        raise _incomplete("words-malformed")
    return words


def _incomplete(reason: str) -> DecisionUnavailable:
    return DecisionUnavailable(
        "No complete policy decision could be had; nothing is told.", reason=f"policy-incomplete:{reason}"
    )
