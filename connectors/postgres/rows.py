"""Rows as records: how what the database returns becomes a value."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.postgres.facts import Row, read_facts
from gateway.errors import SourceMalformed
from gateway.records import (
    Address,
    Agency,
    Assertion,
    Carer,
    Child,
    ChildFacts,
    FormerName,
    Involvement,
    LocalAuthority,
    Practitioner,
    SafeguardingContact,
    Setting,
)
from gateway.vocabulary import AddressStatus, Consent, ContactRole, Gender, Relationship, Service, SettingKind

_CHILD_GROUPS = {
    "name": ("givenName", "familyName"),
    "birth": ("dateOfBirth", "gender"),
    "address": ("address", "addressStatus"),
    "nhs_number": ("nhsNumber",),
    "upn": ("upn",),
}
_CARER_FIELDS = ("name", "address", "telephone", "email")
_CARER_LINK_FIELDS = ("relationship", "hasParentalResponsibility")
_SETTING_FIELDS = (
    "name", "kind", "urn", "ukprn", "odsCode", "address", "telephone", "email", "localAuthority",
)  # fmt: skip
_SETTING_LINK_FIELDS = ("startedOn",)
_INVOLVEMENT_FIELDS = (
    "practitioner", "agency", "service", "startedOn", "endedOn", "active", "isLeadProfessional",
    "commonAssessmentCompleted",
)  # fmt: skip


@contextmanager
def readable() -> Iterator[None]:
    """Hold what was read to what can be read.

    Raises:
        SourceMalformed: A row holds a word that the vocabulary does not, or lacks a column.
    """
    try:
        yield
    except (KeyError, ValueError, TypeError) as error:
        raise SourceMalformed("A record could not be read.", reason="row-malformed") from error


def read_child(row: Row) -> Child:
    """Return the child in a row with its facts."""
    provenance: dict[str, Assertion] = {}
    for group, fields in _CHILD_GROUPS.items():
        if row[f"{group}_source"] is not None:
            provenance |= dict.fromkeys(fields, _assertion(row, f"{group}_"))
    return Child(
        id=row["id"],
        facts=read_facts(row),
        given_name=row["given_name"],
        family_name=row["family_name"],
        date_of_birth=row["date_of_birth"],
        gender=Gender(row["gender"]),
        address=_address(row),
        address_status=AddressStatus(row["address_status"]),
        nhs_number=row["nhs_number"],
        upn=row["upn"],
        responsible_authority=row["authority"],
        lead_professional=row["lead_professional"],
        common_assessment_completed=row["common_assessment_completed"],
        records=tuple(row["twins"]),
        provenance=provenance,
    )


def read_former_name(row: Row) -> FormerName:
    """Return the former name in a row."""
    return FormerName(
        given_name=row["given_name"],
        family_name=row["family_name"],
        used_from=row["used_from"],
        used_until=row["used_until"],
    )


def read_carer(row: Row, facts: ChildFacts, *, linked: bool) -> Carer:
    """Return the carer in a row; `linked` says that the row has the link with a child, too."""
    provenance = dict.fromkeys(_CARER_FIELDS, _assertion(row))
    if linked:
        provenance |= dict.fromkeys(_CARER_LINK_FIELDS, _assertion(row, "link_"))
    return Carer(
        id=row["id"],
        facts=facts,
        name=row["name"],
        relationship=Relationship(row["relationship"]) if linked else None,
        has_parental_responsibility=row["has_parental_responsibility"] if linked else None,
        address=_address(row),
        telephone=row["telephone"],
        email=row["email"],
        provenance=provenance,
    )


def read_setting(row: Row, *, linked: bool) -> Setting:
    """Return the setting in a row; `linked` says that the row has the link with a child, too."""
    provenance = dict.fromkeys(_SETTING_FIELDS, _assertion(row))
    if linked:
        provenance |= dict.fromkeys(_SETTING_LINK_FIELDS, _assertion(row, "link_"))
    return Setting(
        id=row["id"],
        name=row["name"],
        kind=SettingKind(row["kind"]),
        urn=row["urn"],
        ukprn=row["ukprn"],
        ods_code=row["ods_code"],
        address=_address(row),
        telephone=row["telephone"],
        email=row["email"],
        local_authority=row["authority"],
        started_on=row["started_on"] if linked else None,
        provenance=provenance,
    )


def read_involvement(row: Row, facts: ChildFacts) -> Involvement:
    """Return the involvement in a row."""
    return Involvement(
        id=row["id"],
        child=row["child_id"],
        carer=row["carer_id"],
        facts=facts,
        practitioner=row["practitioner_id"],
        agency=row["agency_id"],
        service=Service(row["service"]),
        sensitive=row["sensitive"],
        consent=Consent(row["consent"]),
        active=row["active"],
        started_on=row["started_on"],
        ended_on=row["ended_on"],
        is_lead_professional=row["is_lead_professional"],
        common_assessment_completed=row["common_assessment_completed"],
        brokered_contact=row["brokered_contact"],
        provenance=dict.fromkeys(_INVOLVEMENT_FIELDS, _assertion(row)),
    )


def read_practitioner(row: Row) -> Practitioner:
    """Return the practitioner in a row."""
    return Practitioner(
        id=row["id"],
        name=row["name"],
        role=row["role"],
        agency=row["agency"],
        telephone=row["telephone"],
        email=row["email"],
        sensitive=row["sensitive"],
    )


def read_agency(row: Row) -> Agency:
    """Return the agency in a row with its contacts."""
    return Agency(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        local_authority=row["authority"],
        sensitive=row["sensitive"],
        safeguarding_contacts=_contacts(row["contacts"]),
    )


def read_authority(row: Row) -> LocalAuthority:
    """Return the local authority in a row with its contacts."""
    return LocalAuthority(
        code=row["code"],
        legacy_code=row["legacy_code"],
        name=row["name"],
        gateway_status=row["gateway_status"],
        safeguarding_contacts=_contacts(row["contacts"]),
    )


def _assertion(row: Row, prefix: str = "") -> Assertion:
    return Assertion(
        source=row[f"{prefix}source"],
        asserted_at=row[f"{prefix}asserted_at"],
        last_confirmed_at=row[f"{prefix}confirmed_at"],
    )


def _address(row: Row) -> Address | None:
    lines, postcode = row["address_lines"], row["postcode"]
    if not lines and postcode is None:
        return None
    return Address(lines=tuple(lines), postcode=postcode, uprn=row["uprn"])


def _contacts(rows: Sequence[Sequence[Any]]) -> tuple[SafeguardingContact, ...]:
    return tuple(
        SafeguardingContact(role=ContactRole(role), name=name, telephone=telephone, email=email, hours=hours)
        for role, name, telephone, email, hours in rows
    )
