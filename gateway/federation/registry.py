"""The registry: who is a member, where its gateways are, and by which keys and certificates it is known.

One signed document lists all members; each entry is shaped as an OpenID Federation entity statement about a subordinate
(`sub`, `jwks`, `metadata`). The list has a sequence number that only grows, and an expiry.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509

from gateway.federation.signed import (
    Fault,
    Key,
    KeyUnusable,
    SignatureRefused,
    public_set,
    read_keys,
    sign,
    unverified,
    verified,
)
from gateway.vocabulary import AuthorityCode

REGISTRY_TYPE: Final = "directory-registry+jwt"
REQUEST_TYPE: Final = "directory-join-request+jwt"
SKEW: Final = 30
"""Seconds by which the operator's clock may differ from this one."""

_CODE: Final = re.compile(r"[EWSN]\d{8}")
_WORD: Final = re.compile(r"[a-z][a-z-]{0,63}")


class RegistryRefused(Exception):
    """The registry may not be used: unsigned, altered, by nobody known, expired, or older than one already used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One authority of the federation, as the operator has it."""

    authority: AuthorityCode
    name: str
    uri: str
    """The name in its certificates (subject alternative name, URI)."""
    endpoints: tuple[str, ...]
    """Base URLs of its gateways; all of them are replicas of one another."""
    keys: tuple[Key, ...]
    """The public keys of its assertions."""
    issuers: tuple[bytes, ...]
    """The certificates (DER) of who issues its certificates: nobody else's are believed for it."""
    roles: frozenset[str]
    """The roles in which its people may ask elsewhere."""
    policy: str
    """Where it states by which rules it answers."""

    def document(self) -> dict[str, Any]:
        """Return the entry as the registry holds it."""
        return {
            "sub": self.uri,
            "jwks": public_set(self.keys),
            "metadata": {
                "federation_entity": {"organization_name": self.name, "policy_uri": self.policy},
                "directory_gateway": {
                    "authority": self.authority,
                    "endpoints": list(self.endpoints),
                    "roles": sorted(self.roles),
                    "x5c_issuers": [_base64(issuer) for issuer in self.issuers],
                },
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The member list as one release of it; instants are in UTC."""

    operator: str
    sequence: int
    issued: datetime
    expires: datetime
    members: Mapping[AuthorityCode, Member]
    operator_keys: tuple[Key, ...]
    """Keys that may sign the next release: this is how the operator's key rotates."""
    withdrawn: frozenset[str]
    """Ids of operator's keys that are never believed again."""

    def expired(self, at: datetime) -> bool:
        """Return whether it may no longer be used."""
        return at.timestamp() > self.expires.timestamp() + SKEW


def sign_registry(
    members: Iterable[Member],
    *,
    operator: str,
    sequence: int,
    issued: datetime,
    expires: datetime,
    key: Key,
    operator_keys: Sequence[Key] = (),
    withdrawn: Iterable[str] = (),
) -> str:
    """Return a release of the registry, signed by the operator's key.

    Raises:
        RegistryRefused: Two members have the same authority, name in certificates, or key.
    """
    listed = sorted(members, key=lambda member: member.authority)
    _unlike(listed)
    payload = {
        "iss": operator,
        "sub": operator,
        "iat": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
        "sequence": sequence,
        "jwks": public_set(operator_keys or (key,)),
        "withdrawn": sorted(withdrawn),
        "members": [member.document() for member in listed],
    }
    return sign(payload, type=REGISTRY_TYPE, key=key)


def read_registry(text: str, *, keys: Iterable[Key], at: datetime | None) -> Registry:
    """Return the registry in a signed document; `at=None` reads one that may have expired, to renew it.

    Raises:
        RegistryRefused: It is not signed by one of the keys, is malformed, expired, or from the future.
    """
    try:
        payload = verified(text.strip(), type=REGISTRY_TYPE, keys=keys)
    except SignatureRefused as refused:
        raise RegistryRefused(_SENTENCES[refused.fault]) from refused
    registry = _registry(payload)
    if at is None:
        return registry
    if registry.expired(at):
        raise RegistryRefused(
            f"the registry expired at {registry.expires:%Y-%m-%d %H:%M} UTC; ask its operator for a newer one"
        )
    if registry.issued.timestamp() > at.timestamp() + SKEW:
        raise RegistryRefused("the registry was issued in the future; one of the clocks is wrong")
    return registry


def join_request(member: Member, *, key: Key) -> str:
    """Return a member's own entry signed by its own assertion key, for the operator to take into the registry."""
    return sign(member.document(), type=REQUEST_TYPE, key=key)


def read_join_request(text: str) -> Member:
    """Return the entry that somebody asks to be listed with; that they hold its first key is proved, nothing else.

    Raises:
        RegistryRefused: It is malformed, or not signed by a key that it lists.
    """
    try:
        claimed = member_of(unverified(text.strip()))
        return member_of(verified(text.strip(), type=REQUEST_TYPE, keys=claimed.keys))
    except SignatureRefused as refused:
        raise RegistryRefused(f"the join request cannot be taken: {refused.fault.value}") from refused


def member_of(document: object) -> Member:
    """Return the member that an entry describes.

    Raises:
        RegistryRefused: Something is missing or malformed.
    """
    try:
        assert isinstance(document, Mapping)  # noqa: S101  # caught below: it says "malformed"
        metadata = document["metadata"]
        entity, gateway = metadata["federation_entity"], metadata["directory_gateway"]
        member = Member(
            authority=AuthorityCode(_matching(_CODE, gateway["authority"])),
            name=_text(entity["organization_name"]),
            uri=_text(document["sub"]),
            endpoints=tuple(_endpoint(url) for url in _listed(gateway["endpoints"])),
            keys=read_keys(document["jwks"]),
            issuers=tuple(_der(_text(issuer)) for issuer in _listed(gateway["x5c_issuers"])),
            roles=frozenset(_matching(_WORD, role) for role in _listed(gateway["roles"])),
            policy=_text(entity["policy_uri"]),
        )
    except (KeyError, TypeError, ValueError, AssertionError, KeyUnusable) as error:
        raise RegistryRefused("an entry of the registry is malformed") from error
    return member


def _registry(payload: Mapping[str, Any]) -> Registry:
    try:
        sequence = payload["sequence"]
        if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 1:
            raise ValueError("sequence")
        members = [member_of(entry) for entry in payload["members"]]
        registry = Registry(
            operator=_text(payload["iss"]),
            sequence=sequence,
            issued=datetime.fromtimestamp(payload["iat"], UTC),
            expires=datetime.fromtimestamp(payload["exp"], UTC),
            members={member.authority: member for member in members},
            operator_keys=read_keys(payload["jwks"]),
            withdrawn=frozenset(_text(kid) for kid in payload["withdrawn"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError, KeyUnusable) as error:
        raise RegistryRefused("the registry is malformed") from error
    _unlike(members)
    return registry


def _unlike(members: Sequence[Member]) -> None:
    """Hold members apart: who shares a code, a name in certificates or a key could speak for another."""
    for what, named in (
        ("authority code", [member.authority for member in members]),
        ("name in certificates", [member.uri for member in members]),
        ("key", [key.thumbprint() for member in members for key in member.keys]),
    ):
        if len(set(named)) != len(named):
            raise RegistryRefused(f"two entries of the registry have the same {what}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 8_000:
        raise ValueError("text")
    return value


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("form")
    return value


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("list")
    return value


def _endpoint(value: object) -> str:
    """Return a base URL: https, a host, and nothing that would reach further than the gateway's own paths."""
    url = _text(value)
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("endpoint")
    if parts.path not in ("", "/"):
        raise ValueError("endpoint")
    _ = parts.port  # raises ValueError where it is no port
    return url.rstrip("/")


def _base64(der: bytes) -> str:
    return b64encode(der).decode("ascii")


def _der(text: str) -> bytes:
    der = b64decode(text, validate=True)
    x509.load_der_x509_certificate(der)  # raises ValueError: one that TLS cannot load would stop all of them
    return der


_SENTENCES: Final[Mapping[Fault, str]] = {
    Fault.MALFORMED: "the registry is not a signed document",
    Fault.TYPE: "the document is signed, but it is no registry",
    Fault.ALGORITHM: "the registry is signed by an algorithm that is not accepted",
    Fault.KEY: "the registry is signed by a key that is not its operator's",
    Fault.SIGNATURE: "the registry has been changed since it was signed",
}
