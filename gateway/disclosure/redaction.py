"""Redact: turn a record and the decision on its class into what may be told, and nothing else.

A `Disclosed` holds only the selected fields that the decision tells.
It is made here and nowhere else; a test reads the code to keep it so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from gateway.disclosure.fields import DERIVED, LEVELS, attribute
from gateway.disclosure.question import Attribute, Decision, FieldDecision
from gateway.errors import DecisionUnavailable
from gateway.known_ids import KnownIds
from gateway.records import Address, Assertion, Elsewhere
from gateway.vocabulary import AuthorityCode, ChildId, Effect, Obligation, RecordType, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """That a field was not told, as far as policy lets it be said."""

    field: str
    reason: str
    remedy: str
    authority: AuthorityCode | None = None
    """Who does not tell it, where that is another authority than this gateway's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a told value comes from; `stale` once it was last confirmed longer ago than its freshness limit."""

    field: str
    source: str
    asserted_at: datetime
    last_confirmed_at: datetime
    stale: bool


class Disclosed:
    """What one record comes to for one caller: its told fields as attributes, by their Python names."""

    __slots__ = ("__dict__", "about", "elsewhere", "home", "keys", "plan", "record_id")

    record_id: Any
    """In the id type of the record's own type: a ChildId for a Child."""
    home: AuthorityCode
    about: tuple[ChildId, ...]
    """The children this record was told about, for the ledger's index."""
    keys: dict[str, Any]
    """For each told field that leads to further records: what its resolver needs to load them."""
    plan: "Plan"
    elsewhere: Elsewhere | None
    """Where another authority told the record: what it did not tell of it."""

    def tells(self, field: str) -> bool:
        """Return whether a selected field is told, in full, by these rules and by whoever told the record."""
        return self.plan.tells(field) and (self.elsewhere is None or field not in self.elsewhere.untold)

    def withheld_too(self, others: Sequence["Disclosed"]) -> None:
        """Say as well what is not told of other records of the same child, in fields that this one tells."""
        if not self.plan.tells("withheld"):
            return
        own: tuple[Withheld, ...] = self.__dict__["withheld"]
        more = [one for other in others for one in other.__dict__["withheld"] if self.tells(one.field)]
        self.__dict__["withheld"] = tuple(dict.fromkeys((*own, *more)))

    @property
    def type(self) -> RecordType:
        """Return the record's type."""
        return self.plan.type


def _district(address: Address) -> Address:
    outward = address.postcode.split(" ")[0] if address.postcode else None
    return Address(lines=(), postcode=outward, uprn=None)


MASKS: Mapping[Obligation, Callable[[Any], Any]] = {
    Obligation.UNSPECIFIED_SERVICE: lambda _service: Service.UNSPECIFIED_SENSITIVE,
    Obligation.ADDRESS_DISTRICT: _district,
    Obligation.BIRTH_YEAR: lambda born: date(born.year, 1, 1),
}
"""The pure function behind each obligation; a value that is absent stays absent."""

_RENAMED = {(RecordType.LOCAL_AUTHORITY, "id"): "code"}


class Plan:
    """How to redact every record of one type under one decision for one selection of fields."""

    def __init__(
        self,
        record_type: RecordType,
        decision: Decision,
        selection: frozenset[str],
        *,
        record_class: tuple[tuple[str, Attribute], ...],
    ) -> None:
        """Sort the selected fields by what becomes of them.

        Raises:
            DecisionUnavailable: The decision lacks a field, or masks one in a way this release cannot carry out.
        """
        self.type = record_type
        self.decision = decision
        self.record_class = record_class
        self.selection = selection
        self.effects: dict[str, FieldDecision] = {name: _effect_on(decision, name) for name in sorted(selection)}
        levels = LEVELS.get(record_type, frozenset())
        told = self._with(Effect.DISCLOSE)
        self._values = tuple(
            (attribute(name), _RENAMED.get((record_type, name), attribute(name)))
            for name in told
            if name not in levels and name not in DERIVED and name != "id"
        )
        self._read = _reader([source for _, source in self._values])
        self._keys = tuple((name, _key_of(record_type, name)) for name in told if name in levels)
        self._masks = tuple(
            (attribute(name), tuple(_mask(record_type, name, obligation) for obligation in field.obligations))
            for name, field in self.effects.items()
            if field.effect is Effect.MASK
        )
        self._silent = {attribute(name): None for name in self._with(Effect.WITHHOLD, Effect.CONCEAL)}
        self.withheld = tuple(
            Withheld(field=name, reason=field.tell or "WITHHELD", remedy=field.remedy or "NONE")
            for name, field in self.effects.items()
            if field.effect is Effect.WITHHOLD
        )
        self.valued = tuple(
            name
            for name, field in self.effects.items()
            if field.effect in (Effect.DISCLOSE, Effect.MASK) and name not in levels
        )
        """The selected fields that have a value of their own in the answer."""
        self._tells_withheld = "withheld" in told
        self._sourced = tuple(told) if "provenance" in told else None
        self._tells_id = "id" in told

    def _with(self, *effects: Effect) -> list[str]:
        return [name for name, field in self.effects.items() if field.effect in effects]

    def tells(self, field: str) -> bool:
        """Return whether a selected field is told, in full."""
        return self.allows(field) and field in self.selection

    def allows(self, field: str) -> bool:
        """Return whether the decision would tell a field in full, selected or not."""
        decided = self.decision.fields.get(field)
        return decided is not None and decided.effect is Effect.DISCLOSE

    def withheld_with(self, elsewhere: Elsewhere, teller: AuthorityCode) -> tuple[Withheld, ...]:
        """Return what is withheld here, and what of the rest is withheld by the authority that told the record."""
        return self.withheld + tuple(
            Withheld(field=one.field, reason=one.reason, remedy=one.remedy, authority=teller)
            for one in elsewhere.withheld
            if one.field in self.effects and self.effects[one.field].effect in (Effect.DISCLOSE, Effect.MASK)
        )

    def redact(
        self,
        record: Any,
        *,
        record_id: UUID | str | int,
        home: AuthorityCode,
        about: tuple[ChildId, ...],
        ids: KnownIds,
        stale: "Freshness",
    ) -> Disclosed:
        """Return what of the record may be told."""
        disclosed = Disclosed()
        disclosed.plan = self
        disclosed.record_id = record_id
        disclosed.home = home
        disclosed.about = about
        disclosed.elsewhere = elsewhere = getattr(record, "elsewhere", None)
        values: dict[str, Any] = dict(self._silent)
        values.update(zip((name for name, _ in self._values), self._read(record), strict=True))
        if self._tells_id:
            values["id"] = ids.told(self.type, record_id)
        for name, masks in self._masks:
            value = getattr(record, name)
            for mask in masks:
                value = None if value is None else mask(value)
            values[name] = value
        if self._tells_withheld:
            values["withheld"] = self.withheld if elsewhere is None else self.withheld_with(elsewhere, home)
        if self._sourced is not None:
            untold = elsewhere is not None and "provenance" in elsewhere.untold
            values["provenance"] = None if untold else stale.provenance(record.provenance, self._sourced)
        disclosed.__dict__ = values
        disclosed.keys = {name: None if source is None else getattr(record, source) for name, source in self._keys}
        return disclosed


def _reader(sources: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if not sources:
        return lambda _record: ()
    if len(sources) == 1:
        single = attrgetter(sources[0])
        return lambda record: (single(record),)
    return attrgetter(*sources)


_KEYLESS = frozenset(
    {
        "formerNames",
        "responsibilityHistory",
        "carers",
        "settings",
        "involvements",
        "children",
        "sources",
        "accessLog",
    }
)
"""Levels that are loaded by the id of the record they hang on."""


def _key_of(record_type: RecordType, field: str) -> str | None:
    return None if field in _KEYLESS else attribute(field)


def _effect_on(decision: Decision, field: str) -> FieldDecision:
    decided = decision.fields.get(field)
    if decided is None:
        raise DecisionUnavailable(
            "No complete policy decision could be had; nothing is told.", reason="policy-incomplete:field-missing"
        )
    return decided


def _mask(record_type: RecordType, field: str, obligation: Obligation) -> Callable[[Any], Any]:
    if field in LEVELS.get(record_type, frozenset()) or field in DERIVED or field == "id":
        raise DecisionUnavailable(
            "The policies ask for a mask that cannot be carried out; nothing is told.",
            reason="policy-incomplete:mask-impossible",
        )
    return MASKS[obligation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """When a value is stale (domain rule D6): the limits by field, and the moment to hold them against."""

    limits: Mapping[str, timedelta]
    otherwise: timedelta
    at: datetime

    def provenance(self, held: Mapping[str, Assertion], fields: tuple[str, ...]) -> tuple[Provenance, ...]:
        """Return the provenance of the fields named that have one, in order."""
        return tuple(
            Provenance(
                field=name,
                source=assertion.source,
                asserted_at=assertion.asserted_at,
                last_confirmed_at=assertion.last_confirmed_at,
                stale=self.at - assertion.last_confirmed_at > self.limits.get(name, self.otherwise),
            )
            for name in fields
            if (assertion := held.get(name)) is not None
        )
