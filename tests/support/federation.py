"""Made-up members of a federation: their keys, certificates and entries, as files that gateways are started with."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from gateway.federation.enrolment import certificate_request, der_of, issue, new_tls_key, self_made_issuer
from gateway.federation.registry import Member, sign_registry
from gateway.federation.signed import new_key, public_set
from gateway.federation.tls import OwnCertificate
from gateway.vocabulary import AuthorityCode

HERE, THERE, ELSEWHERE = "E08000009", "E08000003", "E08000006"
OPERATOR = "https://registry.invalid"
ROLES = frozenset({"health-practitioner", "social-worker", "education-practitioner"})


@dataclass(kw_only=True)
class Enrolled:
    """One member with everything private it has."""

    member: Member
    key: object
    folder: Path
    issuer_key: bytes
    issuer: bytes

    @property
    def own(self):
        return OwnCertificate(certificate=self.folder / "peer.pem", key=self.folder / "peer.key.pem")

    @property
    def certificate(self):
        return der_of(self.own.certificate.read_bytes())

    def settings(self, registry):
        """The settings that a gateway of this member is started with."""
        return {
            "authority": self.member.authority,
            "registry": str(registry.file),
            "registry_keys_file": registry.keys_file,
            "assertion_key_file": self.folder / "assertion.jwk",
            "peer_cert_file": self.own.certificate,
            "peer_key_file": self.own.key,
        }

    def renew(self, *, at=None, days=30, uri=None, issuer=None, issuer_key=None):
        """Replace the certificate and its key."""
        key = new_tls_key()
        request = certificate_request(
            key, name=self.member.name, uri=uri or self.member.uri, endpoints=self.member.endpoints
        )
        certificate = issue(
            request,
            issuer=issuer or self.issuer,
            issuer_key=issuer_key or self.issuer_key,
            at=at or datetime.now(UTC),
            days=days,
        )
        self.own.key.write_bytes(key)
        self.own.certificate.write_bytes(certificate)
        return self


def enrolled(folder, authority, *, port=0, ports=(), curve="P-256", roles=ROLES):
    """A member whose gateways listen on local ports."""
    folder = folder / authority
    folder.mkdir(parents=True, exist_ok=True)
    key, issuer_key = new_key(curve), new_tls_key()
    issuer = self_made_issuer(issuer_key, name=authority, at=datetime.now(UTC), days=365)
    (folder / "assertion.jwk").write_bytes(orjson.dumps(key.as_dict(private=True)))
    member = Member(
        authority=AuthorityCode(authority),
        name=f"Authority {authority}",
        uri=f"urn:directory-gateway:{authority}",
        endpoints=tuple(f"https://127.0.0.1:{number or 1}" for number in (ports or (port,))),
        keys=(key,),
        issuers=(der_of(issuer),),
        roles=roles,
        policy="https://policy.invalid/",
    )
    return Enrolled(member=member, key=key, folder=folder, issuer_key=issuer_key, issuer=issuer).renew()


class RegistryFile:
    """A registry as its operator publishes it in a file."""

    def __init__(self, folder, *members):
        self.file = folder / "registry.jwt"
        self.keys_file = folder / "operator.jwks"
        self.key = new_key("Ed25519")
        self.sequence = 0
        self.pin(self.key)
        self.publish(*members)

    def pin(self, *keys):
        self.keys_file.write_bytes(orjson.dumps(public_set(keys)))

    def text(self, *members, sequence=None, key=None, issued=None, days=7.0, **stated):
        issued = issued or datetime.now(UTC)
        return sign_registry(
            [one.member for one in members],
            operator=OPERATOR,
            sequence=sequence or self.sequence,
            issued=issued,
            expires=issued + timedelta(days=days),
            key=key or self.key,
            **stated,
        )

    def publish(self, *members, **stated):
        """Write the next release; `sequence` overrides its number."""
        self.sequence = stated.pop("sequence", None) or self.sequence + 1
        self.file.write_text(self.text(*members, **stated))
        return self
