"""The assertion that goes with every call between gateways: who asks through whom, why, and for exactly which call.

It is made for one authority, one body and one connection's certificate, lives for at most a minute, is good once, and
reaches one hop. What it says of a person is believed because the member that signs it answers for its people.
"""

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from gateway.errors import Unauthenticated
from gateway.federation.certificates import thumbprint
from gateway.federation.registry import Member
from gateway.federation.signed import Key, SignatureRefused, sign, verified
from gateway.identity import REASON_LIMIT, Access, Claims, Vouched
from gateway.ledger.beginning import COMMITMENT
from gateway.vocabulary import AuthorityCode, CallerStanding, PersonId

ASSERTION_TYPE: Final = "directory-assertion+jwt"
LIFE: Final = 60
"""Seconds an assertion may live."""

SKEW: Final = 30
"""Seconds by which a peer's clock may differ from this one."""

LENGTH_LIMIT: Final = 8_192
"""Characters of an assertion; a longer one is refused unread."""

TEXT_LIMIT: Final = 200
"""Characters of a name, a role, an agency or an id."""

PEER_ROLE: Final = "peer"
"""The role under which a member's gateway asks, whoever it asks for."""

ORIGIN: Final = "cross-border"

_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Refusal(StrEnum):
    """Why an assertion is refused: the audit reason, and what the asking gateway is told of it."""

    MISSING = "assertion-missing"
    MALFORMED = "assertion-malformed"
    TYPE = "assertion-type"
    ALGORITHM = "assertion-algorithm"
    KEY = "assertion-key"
    SIGNATURE = "assertion-signature"
    CLAIMS_MISSING = "assertion-claims-missing"
    CLAIMS_MALFORMED = "assertion-claims-malformed"
    ISSUER = "assertion-issuer"
    AUDIENCE = "assertion-audience"
    CERTIFICATE = "assertion-certificate"
    OPERATION = "assertion-operation"
    HOP = "assertion-hop"
    LIFE = "assertion-life"
    EXPIRED = "assertion-expired"
    NOT_YET_VALID = "assertion-not-yet-valid"
    PURPOSE_MISSING = "assertion-purpose-missing"
    ROLE_WIDENED = "assertion-role-widened"
    MEDIATED = "assertion-mediated"
    REPLAYED = "assertion-replayed"


class AssertionRefused(Unauthenticated):
    """An assertion that a call cannot be answered under; `said` is whom it names, once its signature was found good."""

    def __init__(self, refusal: Refusal, *, said: "Said | None" = None) -> None:
        """Name the refusal; it says nothing of anybody, so the asking gateway is told it."""
        super().__init__(f"The assertion is refused: {refusal.value}.", reason=refusal.value)
        self.refusal = refusal
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A named person as the asking side knows them; `mediator` asks for them where there is one (A4)."""

    person: str
    name: str
    role: str
    agency: str
    standing: CallerStanding
    mediator: "Asker | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a good assertion comes to on the answering side."""

    claims: Claims
    access: Access
    token: str
    request_id: str
    """The id under which both sides record the call."""
    time_left: float
    """Seconds the asking side still has for the whole call."""


class SeenAssertions(Protocol):
    """Which assertions have been used: of all gateways of this authority."""

    async def first_use(self, *, issuer: AuthorityCode, token: str, until: datetime, at: datetime) -> bool:
        """Remember an assertion until it has expired, and return whether it had not been used before.

        Raises:
            SourceUnavailable: It cannot be found out; nothing may be answered.
        """
        ...


def organisation(member: Member) -> Claims:
    """Return whom a call is held to whose assertion names nobody that can be believed: the member that made it."""
    return Claims(
        person=PersonId(member.authority),
        name=member.name,
        role=PEER_ROLE,
        agency=member.authority,
        authority=member.authority,
        mediated_for=None,
        token="",
        vouched=Vouched(peer=member.authority, role=PEER_ROLE, standing=CallerStanding.UNREGISTERED),
    )


def operation_hash(body: bytes) -> str:
    """Return the hash of a call's body, byte for byte: document, operation name and variables alike."""
    return urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode("ascii")


def make_assertion(
    *,
    key: Key,
    issuer: AuthorityCode,
    audience: AuthorityCode,
    certificate: bytes,
    body: bytes,
    asker: Asker,
    access: Access,
    request_id: str,
    commitment: str,
    time_left: float,
    at: datetime,
) -> str:
    """Return a new assertion for one call; `certificate` (DER) is the one this gateway presents."""
    now = int(at.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "iat": now,
        "exp": now + LIFE,
        "jti": secrets.token_urlsafe(18),
        "hop": 1,
        "cnf": {"x5t#S256": thumbprint(certificate)},
        "op": operation_hash(body),
        "rid": request_id,
        "ent": commitment,
        "left": int(time_left * 1000),
        "purpose": access.purpose,
        "reason": access.reason,
        **_person(asker),
    }
    if access.case is not None:
        claims["case"] = access.case
    if asker.mediator is not None:
        claims["act"] = _person(asker.mediator)
    return sign(claims, type=ASSERTION_TYPE, key=key)


class AssertionChecker:
    """Checks the assertions of members' calls to one authority."""

    def __init__(self, *, home: AuthorityCode, seen: SeenAssertions, clock: Callable[[], datetime]) -> None:
        """Take who is asked, where used assertions are remembered, and the clock."""
        self._home = home
        self._seen = seen
        self._clock = clock

    async def check(self, text: str | None, *, member: Member, certificate: bytes, body: bytes) -> Said:
        """Return what an assertion says, used up: it is good for this call and no other.

        Args:
            text: The assertion as it came.
            member: Whom the connection's certificate belongs to.
            certificate: That certificate (DER).
            body: The call's body as it came.

        Raises:
            AssertionRefused: It is not good for this call.
            SourceUnavailable: Whether it has been used before cannot be found out.
        """
        claims = _verified(text, member)
        at = self._clock()
        said = _said(claims, member)
        refusal = self._fault(claims, member, certificate, body, at.timestamp())
        if refusal is not None:
            raise AssertionRefused(refusal, said=said)
        if said is None:
            raise AssertionRefused(Refusal.CLAIMS_MALFORMED)
        # Last: what is refused for another reason takes no room among the used ones.
        until = datetime.fromtimestamp(claims["exp"] + 2 * SKEW, UTC)
        if not await self._seen.first_use(issuer=member.authority, token=said.token, until=until, at=at):
            raise AssertionRefused(Refusal.REPLAYED, said=said)
        return said

    def _fault(
        self, claims: Mapping[str, Any], member: Member, certificate: bytes, body: bytes, now: float
    ) -> Refusal | None:
        return (
            _form_fault(claims)
            or _aim_fault(claims, member, home=self._home, certificate=certificate, body=body)
            or _clock_fault(claims, now)
            or _person_fault(claims, member)
        )


def _verified(text: str | None, member: Member) -> Mapping[str, Any]:
    if not text:
        raise AssertionRefused(Refusal.MISSING)
    if len(text) > LENGTH_LIMIT:
        raise AssertionRefused(Refusal.MALFORMED)
    try:
        return verified(text, type=ASSERTION_TYPE, keys=member.keys)
    except SignatureRefused as refused:
        raise AssertionRefused(Refusal(f"assertion-{refused.fault.value}")) from refused


_CLAIMS: Final[Mapping[str, type]] = {
    "iss": str, "aud": str, "sub": str, "name": str, "role": str, "agency": str, "standing": str, "jti": str,
    "iat": int, "exp": int, "hop": int, "left": int, "cnf": dict, "op": str, "rid": str,
}  # fmt: skip
_OF_A_PERSON: Final = ("sub", "name", "role", "agency", "standing")
_SHORT: Final = ("sub", "name", "role", "agency", "standing", "jti", "rid")


def _form_fault(claims: Mapping[str, Any]) -> Refusal | None:
    if any(name not in claims for name in _CLAIMS):
        return Refusal.CLAIMS_MISSING
    if not isinstance(claims["aud"], str):
        return Refusal.AUDIENCE  # a list of audiences is an assertion for more than one authority
    if any(not isinstance(claims[name], kind) or isinstance(claims[name], bool) for name, kind in _CLAIMS.items()):
        return Refusal.CLAIMS_MALFORMED
    if any(not 0 < len(claims[name]) <= TEXT_LIMIT for name in _SHORT) or not _REQUEST_ID.fullmatch(claims["rid"]):
        return Refusal.CLAIMS_MALFORMED
    # Older releases commit to nothing.
    if "ent" in claims and _commitment(claims) is None:
        return Refusal.CLAIMS_MALFORMED
    return None


def _aim_fault(
    claims: Mapping[str, Any], member: Member, *, home: AuthorityCode, certificate: bytes, body: bytes
) -> Refusal | None:
    if claims["iss"] != member.authority:
        return Refusal.ISSUER
    if claims["aud"] != home:
        return Refusal.AUDIENCE
    if claims["cnf"].get("x5t#S256") != thumbprint(certificate):
        return Refusal.CERTIFICATE
    if claims["op"] != operation_hash(body):
        return Refusal.OPERATION
    if claims["hop"] != 1:
        return Refusal.HOP
    return None


def _clock_fault(claims: Mapping[str, Any], now: float) -> Refusal | None:
    issued, expires, not_before = claims["iat"], claims["exp"], claims.get("nbf", 0)
    if not isinstance(not_before, int) or isinstance(not_before, bool):
        return Refusal.CLAIMS_MALFORMED
    if not issued < expires <= issued + LIFE:
        return Refusal.LIFE
    if now > expires + SKEW:
        return Refusal.EXPIRED
    if now < issued - SKEW or now < not_before - SKEW:
        return Refusal.NOT_YET_VALID
    return None


def _person_fault(claims: Mapping[str, Any], member: Member) -> Refusal | None:
    for name in ("purpose", "reason"):
        stated = claims.get(name)
        if not isinstance(stated, str) or not stated.strip():
            return Refusal.PURPOSE_MISSING
    case = claims.get("case")
    if case is not None and not isinstance(case, str):
        return Refusal.CLAIMS_MALFORMED
    if max(len(claims["reason"]), len(case or "")) > REASON_LIMIT:
        return Refusal.CLAIMS_MALFORMED
    if claims["role"] not in member.roles:
        return Refusal.ROLE_WIDENED
    if claims["standing"] not in frozenset(CallerStanding):
        return Refusal.CLAIMS_MALFORMED
    return _mediator_fault(claims["act"], member) if "act" in claims else None


def _mediator_fault(act: Any, member: Member) -> Refusal | None:
    """Return what is wrong with who asks for the person: one of the member's own, and nobody stands behind that one."""
    if not isinstance(act, dict) or act.keys() != set(_OF_A_PERSON):
        return Refusal.MEDIATED
    if any(not isinstance(act[name], str) or not 0 < len(act[name]) <= TEXT_LIMIT for name in _OF_A_PERSON):
        return Refusal.MEDIATED
    if act["standing"] not in frozenset(CallerStanding):
        return Refusal.MEDIATED
    return None if act["role"] in member.roles else Refusal.ROLE_WIDENED


def _said(claims: Mapping[str, Any], member: Member) -> Said | None:
    """Return whom and what a signed assertion names, as far as it names anybody readably."""
    if _form_fault(claims) not in (None, Refusal.AUDIENCE):
        return None
    standing = claims["standing"] if claims["standing"] in frozenset(CallerStanding) else CallerStanding.UNREGISTERED
    act = claims.get("act")
    mediator = act if _mediator_fault(act, member) in (None, Refusal.ROLE_WIDENED) else None
    asks = claims if mediator is None else mediator
    purpose, reason, case = (_stated(claims.get(name)) for name in ("purpose", "reason", "case"))
    return Said(
        claims=Claims(
            person=_scoped(member, asks["sub"]),
            name=asks["name"],
            role=PEER_ROLE,
            agency=asks["agency"],
            authority=member.authority,
            mediated_for=None if mediator is None else _scoped(member, claims["sub"]),
            token=claims["jti"],
            vouched=Vouched(
                peer=member.authority,
                role=claims["role"],
                standing=CallerStanding(standing),
                mediator=None if mediator is None else (mediator["role"], CallerStanding(mediator["standing"])),
                commitment=_commitment(claims),
            ),
        ),
        # A purpose of an unheard-of form is an unknown purpose, which is the policies' to refuse.
        access=Access(
            purpose=purpose if purpose is None or _CODE.fullmatch(purpose) else "malformed",
            reason=reason,
            case=case,
            grant=None,
            origin=ORIGIN,
        ),
        token=claims["jti"],
        request_id=claims["rid"],
        time_left=max(0, claims["left"]) / 1000,
    )


def _scoped(member: Member, person: str) -> PersonId:
    """Return a person's id that no other authority's person can have: two may well call theirs the same."""
    return PersonId(f"{member.authority}:{person}")


def _commitment(claims: Mapping[str, Any]) -> str | None:
    stated = claims.get("ent")
    return stated if isinstance(stated, str) and COMMITMENT.fullmatch(stated) else None


def _stated(value: object) -> str | None:
    return value.strip()[:REASON_LIMIT] or None if isinstance(value, str) else None


def _person(asker: Asker) -> dict[str, Any]:
    return {
        "sub": asker.person,
        "name": asker.name,
        "role": asker.role,
        "agency": asker.agency,
        "standing": asker.standing.value,
    }
