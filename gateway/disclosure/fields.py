"""Which fields each record type has, by GraphQL name, and which of them lead to further records.

A question always asks for all fields of a type, so that one remembered decision serves every document.
A test holds this list equal to the printed schema.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from gateway.vocabulary import RecordType

FIELDS: Mapping[RecordType, tuple[str, ...]] = {
    RecordType.ASK: ("answer", "introspection", "workbench", "ledger"),
    RecordType.CANDIDATE: ("child", "grade", "reasons"),
    RecordType.CHILD: (
        "id",
        "givenName",
        "familyName",
        "formerNames",
        "dateOfBirth",
        "gender",
        "address",
        "addressStatus",
        "nhsNumber",
        "upn",
        "responsibleAuthority",
        "carers",
        "settings",
        "involvements",
        "leadProfessional",
        "commonAssessmentCompleted",
        "sources",
        "withheld",
        "provenance",
        "accessLog",
    ),
    RecordType.CARER: (
        "id",
        "name",
        "relationship",
        "hasParentalResponsibility",
        "address",
        "telephone",
        "email",
        "children",
        "involvements",
        "withheld",
        "provenance",
    ),
    RecordType.SETTING: (
        "id",
        "name",
        "kind",
        "urn",
        "ukprn",
        "odsCode",
        "address",
        "telephone",
        "email",
        "localAuthority",
        "startedOn",
        "withheld",
        "provenance",
    ),
    RecordType.PRACTITIONER: ("id", "name", "role", "agency", "telephone", "email", "withheld"),
    RecordType.INVOLVEMENT: (
        "id",
        "child",
        "practitioner",
        "agency",
        "service",
        "startedOn",
        "endedOn",
        "active",
        "isLeadProfessional",
        "commonAssessmentCompleted",
        "brokeredContact",
        "withheld",
        "provenance",
    ),
    RecordType.LOCAL_AUTHORITY: (
        "id",
        "code",
        "legacyCode",
        "name",
        "gatewayStatus",
        "safeguardingContacts",
        "withheld",
    ),
    RecordType.AGENCY: ("id", "name", "kind", "localAuthority", "safeguardingContacts", "withheld"),
    RecordType.CALLER: (
        "id",
        "name",
        "role",
        "agency",
        "authority",
        "mediatedFor",
        "standing",
        "purposes",
        "remainingSearches",
        "withheld",
    ),
    RecordType.ACCESS_LOG_ENTRY: (
        "id",
        "at",
        "person",
        "role",
        "agency",
        "authority",
        "mediatedFor",
        "purpose",
        "reason",
        "caseReference",
        "fields",
        "policyRevision",
        "withheld",
    ),
    RecordType.GRANT: (
        "id",
        "kind",
        "ground",
        "fields",
        "reason",
        "necessity",
        "state",
        "requestedBy",
        "requestedAt",
        "expiresAt",
        "usedAt",
        "reviewedBy",
        "reviewedAt",
        "review",
        "withheld",
    ),
    RecordType.LEDGER_ENTRY: (
        "number",
        "at",
        "requestId",
        "person",
        "name",
        "role",
        "agency",
        "agencyCode",
        "authority",
        "mediatedFor",
        "peer",
        "standing",
        "purpose",
        "reason",
        "caseReference",
        "outcome",
        "codes",
        "searches",
        "searchedBy",
        "text",
        "variables",
        "policyRevision",
        "engine",
        "sources",
        "records",
        "children",
        "leafHash",
        "document",
        "withheld",
    ),
    RecordType.SUSPENSION: (
        "id",
        "person",
        "reason",
        "suspendedBy",
        "suspendedAt",
        "until",
        "inForce",
        "liftedBy",
        "liftedAt",
        "liftReason",
        "withheld",
    ),
}

LEVELS: Mapping[RecordType, frozenset[str]] = {
    RecordType.CANDIDATE: frozenset({"child"}),
    RecordType.CHILD: frozenset(
        {
            "formerNames",
            "responsibleAuthority",
            "carers",
            "settings",
            "involvements",
            "leadProfessional",
            "sources",
            "accessLog",
        }
    ),
    RecordType.CARER: frozenset({"children", "involvements"}),
    RecordType.SETTING: frozenset({"localAuthority"}),
    RecordType.PRACTITIONER: frozenset({"agency"}),
    RecordType.INVOLVEMENT: frozenset({"child", "practitioner", "agency"}),
    RecordType.AGENCY: frozenset({"localAuthority"}),
    RecordType.CALLER: frozenset({"authority"}),
}
"""Fields whose value is loaded by a resolver once the field itself may be told."""

DERIVED = frozenset({"withheld", "provenance"})
"""Fields that the redaction makes, for no record holds them."""

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@lru_cache(maxsize=1_000)
def attribute(field: str) -> str:
    """Return the Python attribute that holds a GraphQL field: givenName → given_name."""
    return _WORD_START.sub("_", field).lower()
