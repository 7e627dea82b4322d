"""The files of a member: what it makes, what it sends to the operator, and what stays with it."""

import os
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.federation.certificates import holder_of
from gateway.federation.enrolment import (
    CertificateRefused,
    belongs_to,
    certificate_request,
    der_of,
    expires_at,
    issue,
    new_tls_key,
    self_made_issuer,
)
from gateway.federation.registry import Member, Registry, RegistryRefused, join_request, member_of
from gateway.federation.signed import Key, new_key, public_set, read_key

ISSUER_YEARS: Final = 3


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that nobody else on the machine can read.

    Raises:
        FileExistsError: There is one of that name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def read_private_key(path: Path) -> Key:
    """Return the private key in a file.

    Raises:
        KeyUnusable: It holds none.
        OSError: It cannot be read.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        document = None
    return read_key(document, private=True)


class MemberFolder:
    """One member's folder."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self._folder = folder

    def make(
        self,
        *,
        authority: str,
        name: str,
        endpoints: Sequence[str],
        roles: frozenset[str],
        policy: str,
        days: int,
        csr_only: bool,
    ) -> list[str]:
        """Make keys and requests, and unless `csr_only` a certificate; return the names of the files.

        Raises:
            RegistryRefused: What is stated cannot stand in a registry.
            FileExistsError: The member has been made before.
        """
        key, tls_key, issuer_key = new_key(), new_tls_key(), new_tls_key()
        issuer = self_made_issuer(issuer_key, name=name, at=now(), days=365 * ISSUER_YEARS)
        entry = {
            "sub": f"urn:directory-gateway:{authority}",
            "jwks": public_set([key]),
            "metadata": {
                "federation_entity": {"organization_name": name, "policy_uri": policy},
                "directory_gateway": {"authority": authority, "endpoints": list(endpoints), "roles": sorted(roles)},
            },
        }
        member = _member(entry, der_of(issuer))
        request = certificate_request(tls_key, name=name, uri=member.uri, endpoints=member.endpoints)
        write_private(self._folder / "assertion.jwk", orjson.dumps(key.as_dict(private=True)))
        write_private(self._folder / "peer.key.pem", tls_key)
        self._write("peer.csr.pem", request)
        self._write("member.json", orjson.dumps(entry, option=orjson.OPT_INDENT_2))
        if csr_only:
            return ["assertion.jwk", "peer.key.pem", "peer.csr.pem"]
        write_private(self._folder / "issuer.key.pem", issuer_key)
        self._write("issuer.pem", issuer)
        self._write("peer.pem", issue(request, issuer=issuer, issuer_key=issuer_key, at=now(), days=days))
        self.request(None)
        return ["assertion.jwk", "peer.key.pem", "peer.csr.pem", "issuer.key.pem", "issuer.pem", "peer.pem",
                "join-request.jwt"]  # fmt: skip

    def request(self, issuer: bytes | None) -> None:
        """Write the request to join; `issuer` replaces the self-made one.

        Raises:
            CertificateRefused: peer.pem is not of this member's key, or not by that issuer.
        """
        if issuer is not None:
            der_of(issuer)
            self._write("issuer.pem", issuer)
        member = self._as_made()
        certificate = self._read("peer.pem")
        if not belongs_to(certificate, self._read("peer.key.pem")):
            raise CertificateRefused("peer.pem was made for another key than peer.key.pem")
        if holder_of(der_of(certificate), _alone(member)) is None:
            raise CertificateRefused(f"peer.pem was not issued by issuer.pem, or does not name {member.uri}")
        text = join_request(member, key=read_private_key(self._folder / "assertion.jwk"))
        self._write("join-request.jwt", text.encode("ascii"))

    def list_new_key(self) -> str:
        """Make the next assertion key beside the one in use, list both, and return the file's name.

        Raises:
            FileExistsError: There is one already.
        """
        key = new_key()
        write_private(self._folder / "assertion.next.jwk", orjson.dumps(key.as_dict(private=True)))
        self._list_keys(read_private_key(self._folder / "assertion.jwk"), key)
        return "assertion.next.jwk"

    def list_one_key(self) -> None:
        """List the key in assertion.jwk and no other.

        Raises:
            KeyUnusable: It holds none.
        """
        self._list_keys(read_private_key(self._folder / "assertion.jwk"))

    def _list_keys(self, *keys: Key) -> None:
        entry = orjson.loads(self._read("member.json"))
        self._write("member.json", orjson.dumps({**entry, "jwks": public_set(keys)}, option=orjson.OPT_INDENT_2))

    def compare(self, registry: Registry) -> None:
        """See that the registry lists this member with its own keys and certificate.

        Raises:
            RegistryRefused: It does not; the message says what differs.
        """
        made = self._as_made()
        listed = registry.members.get(made.authority)
        if listed is None:
            raise RegistryRefused(f"the registry (number {registry.sequence}) does not list {made.authority}")
        key = read_private_key(self._folder / "assertion.jwk")
        if key.thumbprint() not in {known.thumbprint() for known in listed.keys}:
            raise RegistryRefused("the registry lists other keys for this member than assertion.jwk")
        if holder_of(der_of(self._read("peer.pem")), registry) is not listed:
            raise RegistryRefused("the registry lists another issuer or name than that of peer.pem")
        if expires_at(self._read("peer.pem")) < now():
            raise RegistryRefused("peer.pem has expired; make or ask for a new one")

    def settings(self, registry: str, registry_keys: Path) -> list[str]:
        """Return the settings of this member's gateways, as lines of an environment file."""
        folder, made = self._folder.resolve(), self._as_made()
        port = made.endpoints[0].rpartition(":")[2]
        return [
            f"GATEWAY_AUTHORITY={made.authority}",
            f"GATEWAY_REGISTRY={registry if registry.startswith('https://') else Path(registry).resolve()}",
            f"GATEWAY_REGISTRY_KEYS_FILE={registry_keys.resolve()}",
            f"GATEWAY_ASSERTION_KEY_FILE={folder / 'assertion.jwk'}",
            f"GATEWAY_PEER_CERT_FILE={folder / 'peer.pem'}",
            f"GATEWAY_PEER_KEY_FILE={folder / 'peer.key.pem'}",
            f"GATEWAY_PEER_PORT={port if port.isdecimal() else 443}",
        ]

    def _as_made(self) -> Member:
        try:
            entry = orjson.loads(self._read("member.json"))
        except orjson.JSONDecodeError as error:
            raise RegistryRefused("member.json is no JSON") from error
        return _member(entry, der_of(self._read("issuer.pem")))

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(content)


def _member(entry: dict[str, Any], issuer: bytes) -> Member:
    """Return the member of an entry without its issuer, which lies in a file of its own."""
    gateway = {**entry["metadata"]["directory_gateway"], "x5c_issuers": [b64encode(issuer).decode("ascii")]}
    return member_of({**entry, "metadata": {**entry["metadata"], "directory_gateway": gateway}})


def _alone(member: Member) -> Registry:
    """Return a registry of one, to judge a certificate by."""
    return Registry(
        operator="",
        sequence=1,
        issued=now(),
        expires=now(),
        members={member.authority: member},
        operator_keys=(),
        withdrawn=frozenset(),
    )
