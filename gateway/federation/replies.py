"""Read what another authority told into records of our own: by type and form, and only what was asked for.

Whatever does not fit makes the whole reply malformed: a peer that tells one thing wrong is not believed in the rest.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

from gateway.disclosure.fields import FIELDS, attribute
from gateway.federation.arrived import Arrived
from gateway.federation.examples import facts_elsewhere, footing_elsewhere
from gateway.federation.wanted import Wanted
from gateway.record_ids import ForeignId, told_there
from gateway.records import (
    Address,
    Agency,
    Assertion,
    Candidate,
    Carer,
    Child,
    ChildFacts,
    Elsewhere,
    FormerName,
    Involvement,
    Practitioner,
    SafeguardingContact,
    Setting,
    WithheldElsewhere,
)
from gateway.vocabulary import (
    SENSITIVE_SERVICES,
    AddressStatus,
    AuthorityCode,
    ContactRole,
    Gender,
    MatchGrade,
    MatchReason,
    RecordType,
    Relationship,
    Service,
    SettingKind,
)

TEXT_LIMIT: Final = 200
LIST_LIMIT: Final = 100
"""Parts of one list in a reply; candidates have a limit of their own."""

_CODE: Final = re.compile(r"[A-Z][A-Z_]{1,39}")
_AUTHORITY: Final = re.compile(r"[A-Z][0-9]{8}")
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
_REFUSED: Final = frozenset("<>\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
"""What no name, address or telephone number has: marks of markup, and of writing direction."""

Made = TypeVar("Made")
Parse = Callable[[Any], Any]


class ReplyMalformed(Exception):
    """A reply is not of the form that was asked for; the reason names the fault and holds nothing of the reply."""

    def __init__(self, fault: str) -> None:
        """Name the fault."""
        super().__init__(fault)
        self.reason = f"peer-malformed:{fault}"


class ReplyReader:
    """Reads the replies of one authority, and counts what is read."""

    def __init__(self, authority: AuthorityCode, *, known_code: Callable[[str], bool], most: int) -> None:
        """Read for one authority; `known_code` says whether a code is one of ours; at most so many records."""
        self._authority = authority
        self._facts = facts_elsewhere(authority)
        self._known_code = known_code
        self._most = most
        self.records = 0
        """How many records have been read."""
        self.arrived = Arrived()

    def candidates(
        self, found: Any, wanted: Wanted, *, first: int, used: frozenset[str], facts: ChildFacts | None = None
    ) -> list[Candidate]:
        """Return the candidates of a search; `facts` are theirs where all of them are a child known here.

        Raises:
            ReplyMalformed: They do not fit what was asked.
        """
        listed = _listed(_member(_mapping(found), "candidates"), most=first)
        self._facts = facts or self._facts
        candidates = [self._candidate(one, wanted, used) for one in listed]
        self._facts = facts_elsewhere(self._authority)
        if len({str(candidate.child.id) for candidate in candidates}) < len(candidates):
            raise ReplyMalformed("one-child-twice")
        return candidates

    def linked(self, told: Any, wanted: Wanted, expected: Sequence[tuple[str, ChildFacts]]) -> list[Child | None]:
        """Return the records that links lead to, each with what is known of the child here; None where there is none.

        Raises:
            ReplyMalformed: They do not fit what was asked, or one is another one.
        """
        listed = _listed(told, most=len(expected))
        if len(listed) < len(expected):
            raise ReplyMalformed("left-out")
        return [self._linked(one, wanted, *known) for one, known in zip(listed, expected, strict=True)]

    def _linked(self, told: Any, wanted: Wanted, there: str, facts: ChildFacts) -> Child | None:
        if told is None:
            return None
        self._facts = facts
        child = self._child(_mapping(told), wanted, None)
        self._facts = facts_elsewhere(self._authority)
        assert isinstance(child.id, ForeignId)  # noqa: S101  # another authority told it
        if child.id.there != there:
            raise ReplyMalformed("another-record")
        return child

    def record(self, told: Any, wanted: Wanted, expected: ForeignId) -> ForeignId | None:
        """Return the id under which the one record asked for has arrived, or None where there is none.

        Raises:
            ReplyMalformed: It does not fit, or is another one.
        """
        if told is None:
            return None
        record: Any = self._READ[wanted.type](self, _mapping(told), wanted, None)
        found: ForeignId = record.id
        if found.there != expected.there:
            raise ReplyMalformed("another-record")
        return found

    def _candidate(self, value: Any, wanted: Wanted, used: frozenset[str]) -> Candidate:
        value = _mapping(value)
        return Candidate(
            child=self._child(_mapping(_member(value, "child")), wanted.below["child"], None),
            grade=_enum(MatchGrade, _member(value, "grade")),
            reasons=tuple(_enum(MatchReason, one) for one in _listed(_member(value, "reasons"))),
            used=used,
        )

    def _child(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Child:
        child_id, values, untold = self._begun(value, wanted)
        arrived = self.arrived
        arrived.carers_of[child_id] = self._many(value, wanted, "carers", child_id, untold)
        arrived.settings_of[child_id] = self._many(value, wanted, "settings", child_id, untold)
        arrived.involvements_of[child_id] = self._many(value, wanted, "involvements", child_id, untold)
        lead = self._one(value, wanted, "leadProfessional", child_id, untold)
        arrived.former_names[child_id] = self._former_names(value, wanted, untold)
        child = _made(
            Child,
            values,
            id=child_id,
            facts=self._facts,
            lead_professional=lead,
            responsible_authority=self._code(value, wanted, "responsibleAuthority", untold),
            records=(child_id,),
            provenance=self._provenance(value, wanted),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        arrived.children[child_id] = child
        return child

    def _carer(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Carer:
        carer_id, values, untold = self._begun(value, wanted)
        self.arrived.children_of[carer_id] = self._many(value, wanted, "children", carer_id, untold)
        self.arrived.involvements_of[carer_id] = self._many(value, wanted, "involvements", carer_id, untold)
        carer = _made(
            Carer,
            values,
            id=carer_id,
            facts=self._facts,
            provenance=self._provenance(value, wanted),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.carers[carer_id] = carer
        return carer

    def _setting(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Setting:
        setting_id, values, untold = self._begun(value, wanted)
        setting = _made(
            Setting,
            values,
            id=setting_id,
            local_authority=self._code(value, wanted, "localAuthority", untold),
            provenance=self._provenance(value, wanted),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.settings[setting_id] = setting
        return setting

    def _practitioner(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Practitioner:
        practitioner_id, values, untold = self._begun(value, wanted)
        practitioner = _made(
            Practitioner,
            values,
            id=practitioner_id,
            agency=self._one(value, wanted, "agency", practitioner_id, untold),
            # Who holds the record tells nobody of a sensitive service by name: these rules see what is left.
            sensitive=False,
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.practitioners[practitioner_id] = practitioner
        return practitioner

    def _involvement(self, value: Mapping[str, Any], wanted: Wanted, parent: ForeignId | None) -> Involvement:
        involvement_id, values, untold = self._begun(value, wanted)
        with_carer = parent is not None and parent.type is RecordType.CARER
        child = self._one(value, wanted, "child", involvement_id, untold)
        service = values.get("service")
        sensitive = service is None or service is Service.UNSPECIFIED_SENSITIVE or service in SENSITIVE_SERVICES
        involvement = _made(
            Involvement,
            values,
            id=involvement_id,
            child=child or (involvement_id if parent is None or with_carer else parent),
            carer=parent if with_carer else None,
            facts=self._facts,
            practitioner=self._one(value, wanted, "practitioner", involvement_id, untold),
            agency=self._one(value, wanted, "agency", involvement_id, untold),
            sensitive=sensitive,
            consent=footing_elsewhere(sensitive=sensitive, with_carer=with_carer),
            active=values.get("active") is not False,
            provenance=self._provenance(value, wanted),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.involvements[involvement_id] = involvement
        return involvement

    def _agency(self, value: Mapping[str, Any], wanted: Wanted, _parent: ForeignId | None) -> Agency:
        agency_id, values, untold = self._begun(value, wanted)
        agency = _made(
            Agency,
            values,
            id=agency_id,
            local_authority=self._code(value, wanted, "localAuthority", untold),
            sensitive=False,
            safeguarding_contacts=self._contacts(value, wanted, untold),
            elsewhere=self._elsewhere(value, wanted, untold),
        )
        self.arrived.agencies[agency_id] = agency
        return agency

    _READ: Final[Mapping[RecordType, Callable[..., Any]]] = {
        RecordType.CHILD: _child,
        RecordType.CARER: _carer,
        RecordType.SETTING: _setting,
        RecordType.PRACTITIONER: _practitioner,
        RecordType.INVOLVEMENT: _involvement,
        RecordType.AGENCY: _agency,
    }

    def _begun(self, value: Mapping[str, Any], wanted: Wanted) -> tuple[ForeignId, dict[str, Any], set[str]]:
        """Return a record's id, its plain values by attribute, and a place for the fields that were left null."""
        self.records += 1
        if self.records > self._most:
            raise ReplyMalformed("too-many-records")
        record_id = told_there(self._authority, wanted.type, _member(value, "id"))
        if record_id is None:
            raise ReplyMalformed("id")
        values: dict[str, Any] = {}
        for name, parse in _VALUES[wanted.type].items():
            told = _member(value, name) if name in wanted.fields else None
            values[attribute(name)] = None if told is None else parse(told)
        return record_id, values, set()

    def _many(
        self, value: Mapping[str, Any], wanted: Wanted, name: str, parent: ForeignId, untold: set[str]
    ) -> list[Any]:
        below = wanted.below.get(name)
        if below is None:
            return []
        told = _member(value, name)
        if told is None:
            untold.add(name)
            return []
        return [self._READ[below.type](self, _mapping(one), below, parent) for one in _listed(told)]

    def _one(
        self, value: Mapping[str, Any], wanted: Wanted, name: str, parent: ForeignId, untold: set[str]
    ) -> ForeignId | None:
        below = wanted.below.get(name)
        if below is None:
            return None
        told = _member(value, name)
        if told is None:
            untold.add(name)
            return None
        found: ForeignId = self._READ[below.type](self, _mapping(told), below, parent).id
        return found

    def _code(self, value: Mapping[str, Any], wanted: Wanted, name: str, untold: set[str]) -> AuthorityCode | None:
        if name not in wanted.fields:
            return None
        told = _member(value, name)
        if told is None:
            untold.add(name)
            return None
        code = _text(_member(_mapping(told), "code"))
        if not _AUTHORITY.fullmatch(code):
            raise ReplyMalformed("authority")
        return AuthorityCode(code)

    def _former_names(self, value: Mapping[str, Any], wanted: Wanted, untold: set[str]) -> list[FormerName]:
        return self._parts(value, wanted, "formerNames", untold, FormerName, _FORMER_NAME)

    def _contacts(self, value: Mapping[str, Any], wanted: Wanted, untold: set[str]) -> tuple[SafeguardingContact, ...]:
        made = self._parts(value, wanted, "safeguardingContacts", untold, SafeguardingContact, _CONTACT)
        return tuple(made)

    def _parts(
        self,
        value: Mapping[str, Any],
        wanted: Wanted,
        name: str,
        untold: set[str],
        kind: type[Made],
        parses: Mapping[str, Parse],
    ) -> list[Made]:
        if name not in wanted.fields:
            return []
        told = _member(value, name)
        if told is None:
            untold.add(name)
            return []
        return [_part(one, wanted.parts.get(name, frozenset()), kind, parses) for one in _listed(told)]

    def _elsewhere(self, value: Mapping[str, Any], wanted: Wanted, untold: set[str]) -> Elsewhere:
        told = _listed(_member(value, "withheld")) if "withheld" in wanted.fields else ()
        withheld = []
        for one in told:
            one = _mapping(one)
            name, reason, remedy = (_text(_member(one, part)) for part in ("field", "reason", "remedy"))
            if name not in wanted.fields:
                continue
            if name not in value or value[name] is not None:
                raise ReplyMalformed("withheld-and-told")
            withheld.append(
                WithheldElsewhere(
                    field=name, reason=self._known(reason, "WITHHELD"), remedy=self._known(remedy, "NONE")
                )
            )
        return Elsewhere(withheld=tuple(withheld), untold=frozenset(untold))

    def _known(self, code: str, otherwise: str) -> str:
        return code if _CODE.fullmatch(code) and self._known_code(code) else otherwise

    def _provenance(self, value: Mapping[str, Any], wanted: Wanted) -> dict[str, Assertion]:
        told = _member(value, "provenance") if "provenance" in wanted.fields else None
        provenance = {}
        for one in _listed(told or []):
            one = _mapping(one)
            name = _text(_member(one, "field"))
            source = f"{self._authority}: {_text(_member(one, 'source'))}"
            asserted, confirmed = (_moment(_member(one, part)) for part in ("assertedAt", "lastConfirmedAt"))
            if name in FIELDS[wanted.type]:
                provenance[name] = Assertion(source=source, asserted_at=asserted, last_confirmed_at=confirmed)
        return provenance


def _made(kind: type[Made], values: Mapping[str, Any], **stated: Any) -> Made:
    names = {one.name for one in fields(kind)}  # type: ignore[arg-type]  # records are dataclasses
    return kind(**{**dict.fromkeys(names), **{n: v for n, v in values.items() if n in names}, **stated})


def _part(value: Any, selected: frozenset[str], kind: type[Made], parses: Mapping[str, Parse]) -> Made:
    value = _mapping(value)
    told = {name: _member(value, name) if name in selected else None for name in parses}
    return kind(
        **{attribute(name): None if told[name] is None else parse(told[name]) for name, parse in parses.items()}
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ReplyMalformed("object")
    return value


def _member(value: Mapping[str, Any], name: str) -> Any:
    if name not in value:
        raise ReplyMalformed("left-out")
    return value[name]


def _listed(value: Any, most: int = LIST_LIMIT) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ReplyMalformed("list")
    if len(value) > most:
        raise ReplyMalformed("list-too-long")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > TEXT_LIMIT:
        raise ReplyMalformed("text")
    if not _REFUSED.isdisjoint(value) or any(unicodedata.category(mark) in _REFUSED_CATEGORIES for mark in value):
        raise ReplyMalformed("text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ReplyMalformed("flag")
    return value


def _day(value: Any) -> date:
    if not isinstance(value, str) or len(value) != 10:
        raise ReplyMalformed("date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ReplyMalformed("date") from None


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ReplyMalformed("moment")
    return moment


Enum = TypeVar("Enum", bound=StrEnum)


def _enum(of: type[Enum], value: Any) -> Enum:
    try:
        return of(value) if isinstance(value, str) else _no_such()
    except ValueError:
        raise ReplyMalformed("code") from None


def _no_such() -> Any:
    raise ReplyMalformed("code")


def _address(value: Any) -> Address:
    value = _mapping(value)
    lines = value.get("lines")
    postcode, uprn = value.get("postcode"), value.get("uprn")
    return Address(
        lines=() if lines is None else tuple(_text(line) for line in _listed(lines, most=12)),
        postcode=None if postcode is None else _text(postcode),
        uprn=None if uprn is None else _text(uprn),
    )


_CONTACT_DETAILS: Final[Mapping[str, Parse]] = {"address": _address, "telephone": _text, "email": _text}
_VALUES: Final[Mapping[RecordType, Mapping[str, Parse]]] = {
    RecordType.CHILD: {
        "givenName": _text,
        "familyName": _text,
        "dateOfBirth": _day,
        "gender": partial(_enum, Gender),
        "address": _address,
        "addressStatus": partial(_enum, AddressStatus),
        "nhsNumber": _text,
        "upn": _text,
        "commonAssessmentCompleted": _flag,
    },
    RecordType.CARER: {
        "name": _text,
        "relationship": partial(_enum, Relationship),
        "hasParentalResponsibility": _flag,
        **_CONTACT_DETAILS,
    },
    RecordType.SETTING: {
        "name": _text,
        "kind": partial(_enum, SettingKind),
        "urn": _text,
        "ukprn": _text,
        "odsCode": _text,
        "startedOn": _day,
        **_CONTACT_DETAILS,
    },
    RecordType.PRACTITIONER: {"name": _text, "role": _text, "telephone": _text, "email": _text},
    RecordType.INVOLVEMENT: {
        "service": partial(_enum, Service),
        "startedOn": _day,
        "endedOn": _day,
        "active": _flag,
        "isLeadProfessional": _flag,
        "commonAssessmentCompleted": _flag,
        "brokeredContact": _text,
    },
    RecordType.AGENCY: {"name": _text, "kind": _text},
}
_FORMER_NAME: Final[Mapping[str, Parse]] = {
    "givenName": _text,
    "familyName": _text,
    "usedFrom": _day,
    "usedUntil": _day,
}
_CONTACT: Final[Mapping[str, Parse]] = {
    "role": partial(_enum, ContactRole),
    "name": _text,
    "telephone": _text,
    "email": _text,
    "hours": _text,
}
