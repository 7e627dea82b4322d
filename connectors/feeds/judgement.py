"""Whether a Patient may change what the directory holds: plain judgement over values, before anything is written."""

from datetime import date

from connectors.feeds.held_child import HeldChild
from connectors.feeds.outcome import Outcome, Refusal, RowRefused
from connectors.feeds.patient import Name, Patient
from connectors.postgres.keys import name_key

ADULT = 18


def outdated(patient: Patient, held: HeldChild | None) -> bool:
    """Say whether the feed gave us a later version already."""
    return held is not None and held.version is not None and patient.version < held.version


def refusal(
    patient: Patient, held: HeldChild | None, *, source: str, today: date, include_adults: bool
) -> Refusal | None:
    """Return why the Patient may not be stored, or None."""
    if patient.fault:
        return patient.fault
    born = patient.date_of_birth or (held.date_of_birth if held else None)
    if born and not include_adults and age(born, today) >= ADULT:
        return Refusal(reason="not-a-child", field="birthDate")
    return ambiguity(patient, held, source=source) if held else None


def age(born: date, today: date) -> int:
    """Return the age in whole years; who is born on 29 February is a year older on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def name_and_birth(patient: Patient) -> tuple[Name, date]:
    """Return what a record cannot be made without.

    Raises:
        RowRefused: The Patient lacks it.
    """
    if patient.name is None:
        raise RowRefused("name-missing", field="name")
    if patient.date_of_birth is None:
        raise RowRefused("date-of-birth-missing", field="birthDate")
    return patient.name, patient.date_of_birth


def ambiguity(patient: Patient, held: HeldChild, *, source: str) -> Refusal | None:
    """Return why the Patient may be somebody else, or contradict itself; a person decides (domain rule H4)."""
    if held.nhs_number not in (patient.nhs_number, *patient.superseded):
        return _quarantine("nhs-number-superseded", "id")
    differs = _differences(patient, held)
    if {"family", "birth"} <= differs:
        return _quarantine("identity-conflict", "name")
    if patient.version == held.version and differs & _ours(held, source):
        return _quarantine("version-conflict", "meta.versionId")
    return None


def _differences(patient: Patient, held: HeldChild) -> set[str]:
    pairs: dict[str, tuple[object, object]] = {}
    if patient.name is not None:
        pairs["family"] = (name_key(patient.name.family), name_key(held.family_name))
        pairs["given"] = (name_key(patient.name.given or ""), name_key(held.given_name or ""))
    if patient.date_of_birth is not None:
        pairs["birth"] = (patient.date_of_birth, held.date_of_birth)
    if patient.gender is not None:
        pairs["gender"] = (patient.gender, held.gender)
    return {name for name, (stated, known) in pairs.items() if stated != known}


def _ours(held: HeldChild, source: str) -> set[str]:
    """Return the values that this feed itself gave us: one version of it cannot say two things about them."""
    return {
        *(("family", "given") if held.name.source == source else ()),
        *(("birth", "gender") if held.birth.source == source else ()),
    }


def _quarantine(reason: str, field: str) -> Refusal:
    return Refusal(reason=reason, field=field, outcome=Outcome.QUARANTINED)
