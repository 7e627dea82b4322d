"""A Patient of the national demographics service (FHIR R4), read into a value.

Read plainly and not through a library of FHIR models: those check the whole resource, refuse real answers of the
service over parts that are not kept here, and quote the offending value in their errors.

Confidentiality (`meta.security`): U is unrestricted; R and V are restricted, V with nothing left but the number,
and both put the child under shielding; anything else, or nothing, cannot be judged and is refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.feeds.cells import read_postcode
from connectors.feeds.outcome import Refusal, RowRefused
from gateway.identifiers import nhs_number_fault
from gateway.vocabulary import AddressStatus, Gender

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
RESTRICTED = frozenset({"R", "V"})
UNRESTRICTED = frozenset({"U"})
INVALIDATED = "REDACTED"
GENDERS = {
    "female": Gender.FEMALE,
    "male": Gender.MALE,
    "other": Gender.OTHER,
    "unknown": Gender.NOT_SPECIFIED,
}
CURRENT_NAMES = ("usual", "official", None)
FORMER_NAMES = frozenset({"old", "maiden", "nickname", "temp", "anonymous"})
HOME_ADDRESSES = frozenset({"home", None})
OTHER_ADDRESSES = frozenset({"old", "temp"})
"""Never told as where a child lives now: kept as history, with their period."""

_NUMBER_AT_END = re.compile(r"(?:^|[/:])([0-9]{10})$")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.*)?")
_PARTIAL_DAY = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_UPRN = re.compile(r"[0-9]{1,12}")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From a day to a day, both inclusive; `None` where the source gives none."""

    start: date | None
    end: date | None

    def over(self, today: date) -> bool:
        """Say whether the period has ended."""
        return self.end is not None and self.end < today


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name and when it was used."""

    given: str | None
    family: str
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An address and when it was lived at."""

    lines: tuple[str, ...]
    postcode: str | None
    uprn: str | None
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A practice a child is registered with."""

    ods_code: str
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is kept of a Patient; `None` and empty mean that the resource does not say.

    `fault` is what makes it unfit to be stored; it is kept beside the rest because a restriction counts all the same.
    """

    nhs_number: str
    version: int
    restricted: bool
    replaced_by: str | None
    superseded: tuple[str, ...]
    name: Name | None
    former_names: tuple[Name, ...]
    date_of_birth: date | None
    gender: Gender | None
    deceased: bool
    home: Home | None
    home_status: AddressStatus | None
    former_homes: tuple[Home, ...]
    practices: tuple[Practice, ...]
    left_out: tuple[Refusal, ...]
    fault: Refusal | None


def read_patient(resource: Json, *, asked: str | None, today: date) -> Patient:
    """Return the Patient; `asked` is the address under which it was found, which may name a superseded number.

    Raises:
        RowRefused: Its number or its confidentiality cannot be read, so that nothing of it can be trusted.
    """
    numbers = _Numbers.of(resource, asked)
    notes: list[Refusal] = []
    name, former_names = _names(resource, today, notes)
    homes, other_homes = _homes(resource, notes)
    home, status, former_homes = _where(homes, other_homes, today)
    version, fault, born, gender = 0, None, None, None
    try:
        version = _version(resource)
        born = _birth_date(resource, today)
        gender = _gender(resource)
    except RowRefused as refused:
        fault = refused.refusal
    restricted, invalid = _confidentiality(resource)
    return Patient(
        nhs_number=numbers.current,
        version=version,
        restricted=restricted,
        replaced_by=numbers.replaced_by,
        superseded=numbers.superseded,
        name=name,
        former_names=former_names,
        date_of_birth=born,
        gender=gender,
        deceased=_deceased(resource),
        home=home,
        home_status=status,
        former_homes=former_homes,
        practices=tuple(_practices(resource, notes)),
        left_out=tuple(dict.fromkeys(notes)),
        fault=invalid or fault,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    current: str
    superseded: tuple[str, ...]
    replaced_by: str | None

    @classmethod
    def of(cls, resource: Json, asked: str | None) -> "_Numbers":
        """Tell the number that stands from those that only lead to it.

        The service answers a superseded number with the surviving record: the number asked for is in the address,
        the one that stands in `id`.
        """
        identifiers = [item for item in _dicts(resource, "identifier") if item.get("system") == NHS_NUMBER]
        stated = [_text(item, "value") for item in identifiers if item.get("use") != "old"]
        current = _text(resource, "id") or next(iter(stated), None)
        if not current:
            raise RowRefused("nhs-number-missing", field="id")
        if fault := nhs_number_fault(current):
            raise RowRefused(fault.value, field="id")
        others = [*(_text(item, "value") for item in identifiers), _number_in(asked)]
        others += [number for kind, number in _links(resource) if kind == "replaces"]
        superseded = [number for number in others if number and number != current]
        if any(nhs_number_fault(number) for number in superseded):
            raise RowRefused("nhs-number-check", field="identifier")
        replaced_by = next((number for kind, number in _links(resource) if kind == "replaced-by"), None)
        if replaced_by is not None and nhs_number_fault(replaced_by):
            raise RowRefused("nhs-number-check", field="link")
        return cls(current=current, superseded=tuple(dict.fromkeys(superseded)), replaced_by=replaced_by)


def _links(resource: Json) -> Iterator[tuple[str, str]]:
    for link in _dicts(resource, "link"):
        other = _dict(link, "other")
        kind, number = _text(link, "type"), _text(_dict(other, "identifier"), "value")
        number = number or _number_in(_text(other, "reference"))
        if kind and number:
            yield kind, number


def _number_in(address: str | None) -> str | None:
    match = _NUMBER_AT_END.search(address) if address else None
    return match[1] if match else None


def _confidentiality(resource: Json) -> tuple[bool, Refusal | None]:
    codes = {_text(item, "code") for item in _dicts(_dict(resource, "meta"), "security")}
    if codes & RESTRICTED:
        return True, None
    if INVALIDATED in codes:
        return False, Refusal(reason="record-invalidated", field="meta.security")
    if not codes or codes - UNRESTRICTED:
        raise RowRefused("confidentiality-unknown", field="meta.security")
    return False, None


def _version(resource: Json) -> int:
    text = _text(_dict(resource, "meta"), "versionId")
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text):
        raise RowRefused("version-missing", field="meta.versionId")
    return int(text)


def _names(resource: Json, today: date, notes: list[Refusal]) -> tuple[Name | None, tuple[Name, ...]]:
    current: list[tuple[tuple[bool, int], Name]] = []
    former: list[Name] = []
    for item in _dicts(resource, "name"):
        family, use = _text(item, "family"), _text(item, "use")
        if family is None or not family.strip():
            notes.append(Refusal(reason="name-unreadable", field="name"))
            continue
        given = " ".join(part.strip() for part in _texts(item, "given") if part.strip())
        name = Name(given=given or None, family=family.strip(), period=_period(item, notes))
        if use in CURRENT_NAMES:
            current.append(((name.period.over(today), CURRENT_NAMES.index(use)), name))
        elif use in FORMER_NAMES:
            former.append(name)
        else:
            notes.append(Refusal(reason="use-not-supported", field="name"))
    # The usual name stays the name even where its period is over and no other has come.
    ranked = [name for _, name in sorted(current, key=lambda pair: pair[0])]
    return next(iter(ranked), None), (*ranked[1:], *former)


def _homes(resource: Json, notes: list[Refusal]) -> tuple[list[Home], list[Home]]:
    homes: list[Home] = []
    others: list[Home] = []
    for item in _dicts(resource, "address"):
        use = _text(item, "use")
        if use not in HOME_ADDRESSES | OTHER_ADDRESSES:
            notes.append(Refusal(reason="use-not-supported", field="address"))
            continue
        written = _text(item, "postalCode")
        postcode = read_postcode(written) if written else None
        if written and postcode is None:
            notes.append(Refusal(reason="postcode-format", field="address.postalCode"))
        lines = tuple(line.strip() for line in _texts(item, "line") if line.strip())
        if lines or postcode:
            home = Home(lines=lines, postcode=postcode, uprn=_uprn(item), period=_period(item, notes))
            (homes if use in HOME_ADDRESSES else others).append(home)
    return homes, others


def _where(
    homes: Sequence[Home], others: Sequence[Home], today: date
) -> tuple[Home | None, AddressStatus | None, tuple[Home, ...]]:
    """Tell where the child lives, or was last known to live, from where else the child has lived."""
    if not homes:
        return None, None, tuple(others)
    latest_first = sorted(
        homes, key=lambda home: (not home.period.over(today), home.period.start or date.min), reverse=True
    )
    home = latest_first[0]
    status = AddressStatus.LAST_KNOWN if home.period.over(today) else AddressStatus.CURRENT
    elsewhere = [other for other in others if (other.lines, other.postcode) != (home.lines, home.postcode)]
    return home, status, (*latest_first[1:], *elsewhere)


def _uprn(address: Json) -> str | None:
    for extension in _dicts(address, "extension"):
        parts = {_text(part, "url"): part for part in _dicts(extension, "extension")}
        kind = _text(_dict(parts.get("type", {}), "valueCoding"), "code")
        value = _text(parts.get("value", {}), "valueString")
        if kind == "UPRN" and value and _UPRN.fullmatch(value):
            return value
    return None


def _birth_date(resource: Json, today: date) -> date | None:
    text = resource.get("birthDate")
    if text is None:
        return None
    if isinstance(text, str) and _PARTIAL_DAY.fullmatch(text):
        raise RowRefused("date-of-birth-partial", field="birthDate")
    born = _day(text)
    if born is None:
        raise RowRefused("date-format", field="birthDate")
    if born > today:
        raise RowRefused("date-of-birth-in-future", field="birthDate")
    return born


def _gender(resource: Json) -> Gender | None:
    if resource.get("gender") is None:
        return None
    gender = GENDERS.get(_text(resource, "gender") or "")
    if gender is None:
        raise RowRefused("gender-unknown", field="gender")
    return gender


def _deceased(resource: Json) -> bool:
    return resource.get("deceasedBoolean") is True or bool(resource.get("deceasedDateTime"))


def _practices(resource: Json, notes: list[Refusal]) -> Iterator[Practice]:
    for item in _dicts(resource, "generalPractitioner"):
        identifier = _dict(item, "identifier")
        code = _text(identifier, "value")
        if identifier.get("system") == ODS_CODE and code:
            yield Practice(ods_code=code, period=_period(identifier, notes))
        else:
            notes.append(Refusal(reason="practice-unreadable", field="generalPractitioner"))


def _period(item: Json, notes: list[Refusal]) -> Period:
    period = _dict(item, "period")
    start, end = _day(period.get("start")), _day(period.get("end"))
    if (period.get("start") and start is None) or (period.get("end") and end is None):
        notes.append(Refusal(reason="date-format", field="period"))
    if start and end and end < start:
        notes.append(Refusal(reason="period-backwards", field="period"))
        return Period(start=None, end=None)
    return Period(start=start, end=end)


def _day(text: object) -> date | None:
    match = _DAY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


def _text(item: Json, key: str) -> str | None:
    value = item.get(key)
    return value if isinstance(value, str) else None


def _dict(item: Json, key: str) -> Json:
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def _dicts(item: Json, key: str) -> list[Json]:
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(item: Json, key: str) -> list[str]:
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
