"""Entries as FHIR AuditEvents (R4), in the patterns of IHE's Basic Audit Log Patterns (BALP).

What an entry told of a child is a privacy disclosure at its source: one event for each child. Where nothing was told,
of a child or at all, the event is that of a query. An event holds what stands open in the entry: a child is the tag of
its key, until the entry is opened. The leaf hash ties every event to the ledger.
Source: profiles.ihe.net/ITI/BALP, PrivacyDisclosure.Source, Query and PatientQuery.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from gateway.ledger.canonical import ChildRow, children_of
from gateway.ledger.entry import OutcomeStatus
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.sealing import encoded
from gateway.ledger.stored import StoredEntry

Json = dict[str, Any]

SYSTEM: Final = "urn:directory-gateway:"
"""Before the name of each kind of identifier and code of our own."""
DISCLOSURE: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source"
QUERY: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Query"
PATIENT_QUERY: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientQuery"

_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
_OUTCOMES: Final = {OutcomeStatus.ANSWERED: "0", OutcomeStatus.REFUSED: "4", OutcomeStatus.FAILED: "8"}
"""Success, minor failure, serious failure."""
_URI: Final = "5"
"""The kind of a network address: entries hold who asked, and not from which address."""
_UNREADABLE: Final = "\ufffd"

_EXPORT: Final = {"system": _DICOM, "code": "110106", "display": "Export"}
_REST: Final = {"system": f"{_TERMINOLOGY}audit-event-type", "code": "rest", "display": "Restful Operation"}
_DISCLOSE: Final = {
    "system": f"{_TERMINOLOGY}iso-21089-lifecycle",
    "code": "disclose",
    "display": "Disclose Record Lifecycle Event",
}
_SOURCE_ROLE: Final = {"system": _DICOM, "code": "110153", "display": "Source Role ID"}
_DESTINATION_ROLE: Final = {"system": _DICOM, "code": "110152", "display": "Destination Role ID"}
_APPLICATION: Final = {"system": _DICOM, "code": "110150", "display": "Application"}
_RECIPIENT: Final = {
    "system": f"{_TERMINOLOGY}v3-ParticipationType",
    "code": "IRCP",
    "display": "information recipient",
}
_SERVER: Final = {"system": f"{_TERMINOLOGY}security-source-type", "code": "4", "display": "Application Server"}
_REQUEST_ID: Final = {
    "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    "code": "XrequestId",
}


def audit_events(stored: StoredEntry, document: Mapping[str, Any], opened: OpenedEntry | None = None) -> Iterator[Json]:
    """Return the events of one entry: one for each child it touches, or one if it touches none.

    With the opened entry they name the caller, the children, the records, the reason and the document asked, as far as
    their keys are still there.
    """
    event = _Event(stored, document, opened)
    rows = children_of(document)
    for row in rows:
        yield event.disclosure(row) if row.told else event.query(row)
    if not rows:
        yield event.query(None)


class _Event:
    """What the events of one entry have in common."""

    def __init__(self, stored: StoredEntry, document: Mapping[str, Any], opened: OpenedEntry | None) -> None:
        self._stored = stored
        self._document = document
        self._opened = opened
        self._ask: Mapping[str, Any] = {} if opened is None or opened.ask is None else opened.ask
        self._caller: Mapping[str, Any] = document["caller"] or {}
        self._gateway = {"identifier": _identifier("authority", document["gateway"])}

    def disclosure(self, row: ChildRow) -> Json:
        return self._event(
            row,
            type=_EXPORT,
            subtype=[_DISCLOSE, self._interaction],
            action="R",
            # What was told was told, also where another part of the answer failed.
            outcome=_OUTCOMES[OutcomeStatus.ANSWERED],
            profile=DISCLOSURE,
            agent=[self._server(_SOURCE_ROLE), self._client(_DESTINATION_ROLE), *self._people()],
            entity=[_patient(row, self._child(row)), *self._records(row), self._request(), self._leaf(row)],
        )

    def query(self, row: ChildRow | None) -> Json:
        outcome = _OUTCOMES[OutcomeStatus(self._document["outcome"]["status"])]
        succeeded = outcome == "0" and bool(self._caller)
        patients = [] if row is None else [_patient(row, self._child(row))]
        return self._event(
            row,
            type=_REST,
            subtype=[self._interaction],
            action="E",
            outcome=outcome,
            # The patterns describe asks that succeeded; others follow them and do not claim to be of them.
            profile=(QUERY if row is None else PATIENT_QUERY) if succeeded else None,
            agent=[self._client(_SOURCE_ROLE), self._server(_DESTINATION_ROLE), *self._people()],
            entity=[self._query(), *patients, self._request(), self._leaf(row)],
        )

    def _event(self, row: ChildRow | None, *, profile: str | None, **parts: Any) -> Json:
        purpose = self._document["access"]["purpose"]
        codes = [f"{note['code']} ({note['reason']})" for note in self._document["outcome"]["codes"]]
        name = f"{self._document['gateway']}-{self._stored.seq}"
        return {
            "resourceType": "AuditEvent",
            "id": name if row is None else f"{name}-{encoded(row.tag).replace('_', '.')}",
            **({} if profile is None else {"meta": {"profile": [profile]}}),
            **parts,
            "recorded": self._document["at"],
            **({"outcomeDesc": ", ".join(codes)} if codes else {}),
            **({"purposeOfEvent": [self._purpose()]} if purpose is not None else {}),
            "source": {"site": self._document["gateway"], "observer": self._gateway, "type": [_SERVER]},
        }

    @property
    def _interaction(self) -> Json:
        code = "search-type" if self._document["searches"] else "read"
        return {"system": "http://hl7.org/fhir/restful-interaction", "code": code, "display": code}

    def _purpose(self) -> Json:
        concept: Json = {"coding": [_code("purpose", self._document["access"]["purpose"])]}
        if self._ask.get("reason"):
            concept["text"] = _text(self._ask["reason"])
        return concept

    def _server(self, role: Mapping[str, str]) -> Json:
        return _agent(role, self._gateway, network=_network("authority", self._document["gateway"]))

    def _client(self, role: Mapping[str, str]) -> Json:
        agency, origin = self._caller.get("agency"), self._document["access"]["origin"]
        who = {"display": "not identified"} if agency is None else {"identifier": _identifier("agency", agency)}
        return _agent(role, who, network=_network("origin", origin))

    def _people(self) -> Iterator[Json]:
        caller = self._caller
        if not caller:
            return
        user = _agent(_RECIPIENT, {"identifier": _identifier("person", caller["person"])}, requestor=True)
        user["role"] = [{"coding": [_code("role", caller["role"])]}]
        if self._ask.get("caller"):
            user["name"] = _text(self._ask["caller"])
        if self._document["access"]["purpose"] is not None:
            user["purposeOfUse"] = [self._purpose()]
        if self._document["policy"] is not None:
            user["policy"] = [f"{SYSTEM}policy:{quote(self._document['policy']['revision'])}"]
        yield user
        if caller["mediated_for"] is not None:
            yield {
                "type": {"text": "person on whose behalf a mediator asked"},
                "who": {"identifier": _identifier("person", caller["mediated_for"])},
                "requestor": False,
            }
        if caller["peer"] is not None:
            yield _agent(_APPLICATION, {"identifier": _identifier("peer", caller["peer"])})

    def _child(self, row: ChildRow) -> str | None:
        child = None if self._opened is None else self._opened.children.get(row.tag)
        return None if child is None else str(child)

    def _records(self, row: ChildRow) -> Iterator[Json]:
        tags = [encoded(row.tag) == tag for tag in self._document["keys"]]
        for number, record in enumerate(self._document["records"]):
            if not any(tags[place] for place in record["about"]):
                continue
            words = self._opened.records[number] if self._opened is not None and self._opened.records else None
            entity = _entity("2", "System Object", role=("4", "Domain Resource"))
            entity["detail"] = [{"type": "record", "valueString": record["type"]}, *_fields(record)]
            if words is not None:
                entity["what"] = {"identifier": _identifier(record["type"], words["id"])}
            yield entity

    def _query(self) -> Json:
        asked = self._ask.get("text") or f"sha256:{self._document['operation']['hash']}"
        entity = _entity("2", "System Object", role=("24", "Query"))
        return entity | {"query": b64encode(asked.encode()).decode()}

    def _request(self) -> Json:
        return {"type": _REQUEST_ID, "what": {"identifier": {"value": _text(self._document["request_id"])}}}

    def _leaf(self, row: ChildRow | None) -> Json:
        access, policy = self._document["access"], self._document["policy"] or {}
        told = {
            "leaf-hash": self._stored.leaf_hash.hex(),
            "operation": self._document["operation"]["hash"],
            "policy-revision": policy.get("revision"),
            "policy-engine": policy.get("engine"),
            "grant": access["grant"],
            "case": self._ask.get("case"),
            "withheld": None if row is None or not row.withheld else " ".join(row.withheld),
        }
        entity = _entity("4", "Other")
        entity["what"] = {"identifier": _identifier(f"ledger:{self._document['gateway']}", str(self._stored.seq))}
        entity["detail"] = [
            {"type": name, "valueString": _text(value)} for name, value in told.items() if value is not None
        ]
        return entity


def _fields(record: Mapping[str, Any]) -> Iterator[Json]:
    for decision in ("disclosed", "masked", "withheld", "concealed"):
        for name in record.get(decision, ()):
            yield {"type": decision, "valueString": name}


def _patient(row: ChildRow, child: str | None) -> Json:
    identifier = _identifier("ledger-tag", encoded(row.tag)) if child is None else _identifier("child", child)
    return _entity("1", "Person", role=("1", "Patient")) | {"what": {"type": "Patient", "identifier": identifier}}


def _entity(code: str, display: str, *, role: tuple[str, str] | None = None) -> Json:
    entity: Json = {"type": {"system": f"{_TERMINOLOGY}audit-entity-type", "code": code, "display": display}}
    if role is not None:
        entity["role"] = {"system": f"{_TERMINOLOGY}object-role", "code": role[0], "display": role[1]}
    return entity


def _agent(
    role: Mapping[str, str], who: Mapping[str, Any], *, requestor: bool = False, network: Json | None = None
) -> Json:
    agent: Json = {"type": {"coding": [role]}, "who": who, "requestor": requestor}
    return agent if network is None else agent | {"network": network}


def _network(kind: str, address: str) -> Json:
    return {"address": f"{SYSTEM}{kind}:{quote(address)}", "type": _URI}


def _identifier(kind: str, value: str) -> Json:
    return {"system": f"{SYSTEM}{kind}", "value": _text(value)}


def _code(kind: str, code: str) -> Json:
    return {"system": f"{SYSTEM}{kind}", "code": " ".join(_text(code).split()) or _UNREADABLE}


def _text(value: str) -> str:
    """Return a text as FHIR allows it: not empty, and without control characters; claims may be anything."""
    shown = "".join(letter if letter.isprintable() or letter in "\t\r\n" else _UNREADABLE for letter in value)
    return shown if shown.strip() else _UNREADABLE
