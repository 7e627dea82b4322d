"""Rows on their way into the database: COPY text, table by table, parents before children."""

from collections.abc import Mapping, Sequence

_COLUMNS = {
    "source": "id name",
    "authority": "code legacy_code name gateway_status",
    "agency": "id name kind authority ods_code sensitive accredited_until suspended_at",
    "safeguarding_contact": "authority agency role name telephone email hours position",
    "practitioner": "id person name role agency telephone email",
    "setting": """id kind name urn ukprn laestab ods_code opened_on address_lines postcode telephone email authority
        source asserted_at confirmed_at""",
    "carer": "id name address_lines postcode uprn telephone email source asserted_at confirmed_at",
    "child": """id identity_id authority standing left_england_on return_intended
        given_name family_name name_source name_asserted_at name_confirmed_at
        date_of_birth gender birth_source birth_asserted_at birth_confirmed_at
        address_lines postcode uprn address_status address_since
        address_source address_asserted_at address_confirmed_at
        nhs_number nhs_number_source nhs_number_asserted_at nhs_number_confirmed_at
        upn upn_source upn_asserted_at upn_confirmed_at""",
    "child_former_name": "child_id given_name family_name used_from used_until source asserted_at confirmed_at",
    "child_former_address": """child_id address_lines postcode uprn lived_from lived_until
        source asserted_at confirmed_at""",
    "child_superseded_identifier": "child_id system value superseded_at source",
    "child_search_key": """child_id former family_key given_key given_first_key family_sound given_sound
        date_of_birth gender postcode_key""",
    "child_link": "child_id other_child_id grade reasons linked_at linked_by identity_before",
    "child_carer": """child_id carer_id relationship has_parental_responsibility since until
        source asserted_at confirmed_at""",
    "child_setting": "child_id setting_id started_on ended_on source asserted_at confirmed_at",
    "involvement": """child_id id carer_id practitioner_id agency_id service sensitive started_on ended_on
        is_lead_professional common_assessment_completed source asserted_at confirmed_at""",
    "involvement_consent": "child_id involvement_id version basis scope given_at expires_at withdrawn_at",
    "conflict": "child_id practitioner_id declared_at lifted_at",
    "shield": "id child_id identity_id requested_by requested_at decided_at review_due lifted_at",
    "registration": """person role name agency training_valid_until check_issued_on suspended_at
        subject_child subject_carer""",
}
COLUMNS: Mapping[str, Sequence[str]] = {table: columns.split() for table, columns in _COLUMNS.items()}
"""The columns that are written, in the order in which a row's text has them."""

NULL = "\\N"


class Rows(dict[str, list[str]]):
    """The rows of each table, as lines of COPY text without their end; a table without rows may be absent."""

    def add(self, table: str, *values: str | int | bool | None) -> None:
        """Append a row; made-up values hold no tab, backslash or line break, so none is escaped."""
        self.setdefault(table, []).append("\t".join(map(_text, values)))

    def text(self, table: str) -> bytes:
        """Return a table's rows as COPY reads them."""
        return "".join(f"{line}\n" for line in self[table]).encode()

    @property
    def filled(self) -> list[str]:
        """Return the tables that have rows, in the order in which they can be written."""
        return [table for table in COLUMNS if self.get(table)]


def _text(value: str | int | bool | None) -> str:
    if value is None:
        return NULL
    return value if isinstance(value, str) else str(value)
