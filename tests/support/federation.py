"""Made-up members of a federation: their keys, certificates and entries, as files that gateways are started with.

Registries are of the moment at which the tests' world stands still; certificates are of now, as TLS reads the clock.
"""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
from typer.testing import CliRunner

from gateway.app.application import application
from gateway.app.clock import utc_now
from gateway.cli.main import app
from gateway.cli.serving import listening
from gateway.federation.assertion import ASSERTION_TYPE, Asker, make_assertion
from gateway.federation.enrolment import certificate_request, der_of, issue, new_tls_key, self_made_issuer
from gateway.federation.registry import Member, sign_registry
from gateway.federation.signed import new_key, public_set, sign, unverified
from gateway.federation.tls import OwnCertificate, asking_context
from gateway.identity import Access
from gateway.settings import Settings
from gateway.vocabulary import AuthorityCode, CallerStanding
from tests.support.builders import NOW
from tests.support.gateway import OF_THE_ENGINE, settings_for, shared_engine
from tests.support.sockets import served_on_a_socket

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
            "peer_greeting_interval": 0,  # tests say when anything is sent
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
        issued = issued or NOW
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


@asynccontextmanager
async def a_member_served(
    url, data_dir, enrolled, registry, /, *, peers_on=0, clock=lambda: NOW, tls=None, decider=None, **settings
):
    """A whole gateway of a member on real sockets: yields (address for callers, address for peers, application)."""
    stated = ({} if enrolled is None else enrolled.settings(registry)) | {
        "peer_port": peers_on,
        "locator_interval": 0,  # setups cost processor time, and tests that look for children say so
        "peer_timeout": 10,
    }
    served = application(
        settings_for(data_dir, **(stated | {name: value and str(value) for name, value in settings.items()})),
        url=url,
        clock=clock or utc_now,
        decider=decider or (await shared_engine() if OF_THE_ENGINE.isdisjoint(settings) else None),
    )
    with listening("127.0.0.1", peers_on) as peers:
        async with served_on_a_socket(served, tls=tls, peers=peers) as address:
            yield address, f"https://127.0.0.1:{peers.getsockname()[1]}", served


def speaking_as(own, member, *, tls=None):
    """An HTTP client that shows a certificate and believes a member's issuer."""
    return httpx.AsyncClient(verify=tls or asking_context(own, member), timeout=60)


NURSE = Asker(
    person="nurse.okafor",
    name="Ada Okafor",
    role="health-practitioner",
    agency="agency-of-here",
    standing=CallerStanding.CURRENT,
)
ACCESS = Access(purpose="direct-support", reason="Seeing the child in A&E", case="A-1", grant=None)
ASKED = orjson.dumps({"query": "{ me { role standing } }"})


COMMITMENT = "A" * 43
"""To an entry that nobody has."""


def assertion(here, *, body=ASKED, asker=NURSE, access=ACCESS, at=NOW, key=None, **stated):
    return make_assertion(
        key=key or here.key,
        issuer=stated.get("issuer", HERE),
        audience=stated.get("audience", THERE),
        certificate=stated.get("certificate", here.certificate),
        body=body,
        asker=asker,
        access=access,
        request_id=stated.get("request_id") or str(uuid4()),
        commitment=stated.get("commitment", COMMITMENT),
        time_left=stated.get("time_left", 10.0),
        at=at,
    )


def changed(here, *, key=None, without=(), **claims):
    """An assertion that a member has signed with other claims."""
    said = {name: value for name, value in unverified(assertion(here)).items() if name not in without}
    return sign(said | claims, type=ASSERTION_TYPE, key=key or here.key)


async def call(address, here, there, text, *, body=ASKED, tls=None):
    async with speaking_as(here.own, there.member, tls=tls) as http:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {text}"} if text else {})
        return await http.post(f"{address}/graphql", content=body, headers=headers)


async def entries_of(database, answer):
    """The entries that a gateway made of a call, by the request id in its answer."""
    rows = await database.fetch("SELECT entry FROM ledger_entry ORDER BY seq")
    documents = [orjson.loads(row["entry"]) for row in rows]
    return [document for document in documents if document["request_id"] == answer.headers["x-request-id"]]


async def entry_of(database, answer):
    """The one entry that a gateway made of a call."""
    [entry] = await entries_of(database, answer)
    return entry


def federation_command(*arguments, **settings):
    """Run `gateway federation …` with these settings and no others; in async tests, in a thread of its own."""
    return CliRunner().invoke(
        app, ["federation", *map(str, arguments)], env={**_no_settings(), **_stated(settings)}, catch_exceptions=False
    )


def _no_settings():
    return {f"GATEWAY_{name.upper()}": None for name in Settings.model_fields}


def _stated(settings):
    return {f"GATEWAY_{name.upper()}": str(value) for name, value in ({"env": "development"} | settings).items()}
