"""A Patient of the national demographics service (FHIR R4), read into a value.

Read plainly and not through a library of FHIR models: those check the whole resource, refuse real answers of the
service over parts that are not kept here, and quote the offending value in their errors.

Confidentiality (`meta.security`): U is unrestricted; R and V are restricted, V with nothing left but the number,
and both put the child under shielding; anything else, or nothing, cannot be judged and is refused.
"""

import re
from collections.abc import Iterator
from datetime import date

from connectors.feeds.fhir_json import Json, day, object_, objects, text
from connectors.feeds.outcome import Refusal, RowRefused
from connectors.feeds.patient import Patient, Practice
from connectors.feeds.patient_names import read_homes, read_names, read_period, where
from connectors.feeds.patient_numbers import Numbers
from gateway.vocabulary import Gender

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

_PARTIAL_DAY = re.compile(r"[0-9]{4}(-[0-9]{2})?")


def read_patient(resource: Json, *, asked: str | None, today: date) -> Patient:
    """Return the Patient; `asked` is the address under which it was found, which may name a superseded number.

    Raises:
        RowRefused: Its number or its confidentiality cannot be read, so that nothing of it can be trusted.
    """
    numbers = Numbers.of(resource, asked)
    notes: list[Refusal] = []
    name, former_names = read_names(resource, today, notes)
    homes, other_homes = read_homes(resource, notes)
    home, status, former_homes = where(homes, other_homes, today)
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
        died_on=day(resource.get("deceasedDateTime")),
        home=home,
        home_status=status,
        former_homes=former_homes,
        practices=tuple(_practices(resource, notes)),
        left_out=tuple(dict.fromkeys(notes)),
        fault=invalid or fault,
    )


def _confidentiality(resource: Json) -> tuple[bool, Refusal | None]:
    codes = {text(item, "code") for item in objects(object_(resource, "meta"), "security")}
    if codes & RESTRICTED:
        return True, None
    if INVALIDATED in codes:
        return False, Refusal(reason="record-invalidated", field="meta.security")
    if not codes or codes - UNRESTRICTED:
        raise RowRefused("confidentiality-unknown", field="meta.security")
    return False, None


def _version(resource: Json) -> int:
    version = text(object_(resource, "meta"), "versionId")
    if version is None or not re.fullmatch(r"[0-9]{1,9}", version):
        raise RowRefused("version-missing", field="meta.versionId")
    return int(version)


def _birth_date(resource: Json, today: date) -> date | None:
    written = resource.get("birthDate")
    if written is None:
        return None
    if isinstance(written, str) and _PARTIAL_DAY.fullmatch(written):
        raise RowRefused("date-of-birth-partial", field="birthDate")
    born = day(written)
    if born is None:
        raise RowRefused("date-format", field="birthDate")
    if born > today:
        raise RowRefused("date-of-birth-in-future", field="birthDate")
    return born


def _gender(resource: Json) -> Gender | None:
    if resource.get("gender") is None:
        return None
    gender = GENDERS.get(text(resource, "gender") or "")
    if gender is None:
        raise RowRefused("gender-unknown", field="gender")
    return gender


def _deceased(resource: Json) -> bool:
    return resource.get("deceasedBoolean") is True or bool(resource.get("deceasedDateTime"))


def _practices(resource: Json, notes: list[Refusal]) -> Iterator[Practice]:
    for item in objects(resource, "generalPractitioner"):
        identifier = object_(item, "identifier")
        code = text(identifier, "value")
        if identifier.get("system") == ODS_CODE and code:
            yield Practice(ods_code=code, period=read_period(identifier, notes))
        else:
            notes.append(Refusal(reason="practice-unreadable", field="generalPractitioner"))
