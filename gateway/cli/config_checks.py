"""What `gateway config check` looks at: everything a start needs, each with a sentence and a way out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509

from connectors.checkpoint_keys import signing_keys, witness_addresses, witness_key, witnessed_keys
from connectors.development_keys import development_jwks
from connectors.embedded_engine import EmbeddedDecider, RulesDoNotBuild
from connectors.golden import EnginesDiffer, Replay, replay_golden
from connectors.issuer_keys import IssuerKeys
from connectors.ledger_secret import ledger_master_key
from connectors.opa_rules import held_rules
from connectors.postgres.database import Database
from connectors.postgres.federation import RegistryReleases
from connectors.postgres.migration import MigrationRefused, pending
from connectors.registry import believed, pinned_keys, registry_text
from connectors.rule_set import RuleSet, RuleSetUnreadable
from connectors.rule_signature import RulesNotTrusted, read_signature, verify_signature
from gateway.access_report.words import Words, WordsUnreadable
from gateway.caller_tls import authorities_in
from gateway.cli.running import ready_database_url
from gateway.cli.serve import caller_port
from gateway.documents import DocumentsUnreadable, TrustedDocuments
from gateway.errors import DirectoryError
from gateway.federation.registry import Registry, RegistryRefused, read_registry
from gateway.federation.tls import OwnCertificate, asking_context, assertion_key
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import AuthorityCode

CLOCK_SKEW: Final = 5.0
"""Seconds by which this clock and the database's may differ: grants, training and tokens go by them."""

EXPIRES_SOON: Final = timedelta(days=14)
RULES_TIMEOUT: Final = 10.0
FOR_A_WORKER: Final = 7
"""Connections of a worker beside its pool: four for changes, and three of the ledger."""


class Verdict(StrEnum):
    """What a check came to."""

    GOOD = "good"
    WARNING = "warning"
    UNUSABLE = "unusable"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is so of one subject, and what can be done where it should not be."""

    subject: str
    verdict: Verdict
    said: str
    way_out: str = ""


class Wrong(Exception):
    """A check found something wrong."""

    def __init__(self, verdict: Verdict, said: str, way_out: str) -> None:
        """Keep what is wrong, and the way out."""
        super().__init__(said)
        self.verdict = verdict
        self.said = said
        self.way_out = way_out


Check = Callable[["Checks"], Awaitable[str]]

_UNUSABLE: Final = (
    SettingsError,
    MigrationRefused,
    RuleSetUnreadable,
    RulesDoNotBuild,
    RulesNotTrusted,
    EnginesDiffer,
    RegistryRefused,
    WordsUnreadable,
    DocumentsUnreadable,
    OSError,
)


class Checks:
    """The checks of one set of settings; what an earlier one found is at hand for the later."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Take the settings; nothing is looked at yet."""
        self.settings = settings
        self._clock = clock
        self._database: Database | None = None

    async def findings(self, *, only: Collection[str] = ()) -> AsyncIterator[Finding]:
        """Yield what each check found, in the order of a start; nothing is changed by looking.

        `only` names subjects to look at, beside the database; otherwise all are.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            for subject, check, way_out in _CHECKS:
                if only and subject not in {"database", *only}:
                    continue
                yield await self._finding(subject, check, way_out)

    async def _finding(self, subject: str, check: Check, way_out: str) -> Finding:
        try:
            return Finding(subject=subject, verdict=Verdict.GOOD, said=await check(self))
        except Wrong as wrong:
            return Finding(subject=subject, verdict=wrong.verdict, said=wrong.said, way_out=wrong.way_out)
        except DirectoryError as error:
            said = f"{error.message} ({error.reason})"
            return Finding(subject=subject, verdict=Verdict.UNREACHABLE, said=said, way_out=way_out)
        except _UNUSABLE as error:
            return Finding(subject=subject, verdict=Verdict.UNUSABLE, said=str(error), way_out=way_out)

    async def _close(self) -> None:
        if self._database is not None:
            await self._database.close()

    async def database(self) -> str:
        """Connect, and see that it can be written to."""
        timeout = self.settings.database_timeout
        url = await ready_database_url(self.settings)
        self._database = await Database.open(url, pool_min=1, pool_max=2, timeout=timeout)
        await self._database.check()
        row = await self._database.fetchrow("SELECT current_setting('server_version')")
        return f"PostgreSQL {row[0] if row else ''} answers and takes writing"

    async def migrations(self) -> str:
        """See that the database has this release's form."""
        outstanding = await pending(self._open())
        if outstanding:
            said = f"{len(outstanding)} migrations are outstanding, first {outstanding[0]}"
            raise Wrong(Verdict.UNUSABLE, said, "Run `gateway migrate`; it is safe while gateways serve.")
        return "none is outstanding"

    async def connections(self) -> str:
        """See that the database has connections for all workers."""
        row = await self._open().fetchrow(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        there: int = 0 if row is None else row[0]
        workers = self.settings.workers or 1
        wanted = workers * (self.settings.database_pool_max + FOR_A_WORKER)
        if wanted > there:
            raise Wrong(
                Verdict.WARNING,
                f"{workers} workers may want {wanted} connections, and the database has {there}",
                "Lower GATEWAY_WORKERS or GATEWAY_DATABASE_POOL_MAX, or raise PostgreSQL's max_connections.",
            )
        return f"{wanted} wanted at most, {there} there"

    async def clock(self) -> str:
        """See that this clock and the database's agree."""
        row = await self._open().fetchrow("SELECT clock_timestamp()")
        apart = abs((self._clock() - row[0]).total_seconds()) if row else 0.0
        if apart > CLOCK_SKEW:
            raise Wrong(
                Verdict.UNUSABLE,
                f"this clock and the database's are {apart:.0f} s apart",
                "Let both follow the same time servers (`timedatectl`, `chronyc tracking`).",
            )
        return "it agrees with the database's"

    async def ledger_key(self) -> str:
        """See that the master key can be had, and wrapped this ledger's keys."""
        master = await asyncio.to_thread(ledger_master_key, self.settings)
        rows = await self._open().fetch("SELECT wrapped FROM ledger_key WHERE wrapped IS NOT NULL LIMIT 1000")
        if not all(master.wrapped(bytes(row["wrapped"])) for row in rows):
            raise Wrong(
                Verdict.UNUSABLE,
                "another master key wrapped this ledger's keys",
                "Give that one, or run `gateway ledger rewrap --from OLD`.",
            )
        return "it is this ledger's"

    async def signing(self) -> str:
        """See that checkpoints can be signed."""
        return ", ".join(key.verifier.name for key in signing_keys(self.settings))

    async def witnesses(self) -> str:
        """See that witnesses, and what is witnessed here, can be read."""
        addresses, own = witness_addresses(self.settings), witness_key(self.settings)
        witnessed_keys(self.settings)
        return f"{len(addresses)} cosign, {self.settings.ledger_witness_quorum} must" + (
            "; is one itself" if own else ""
        )

    async def issuer(self) -> str:
        """See that the issuer's keys can be had."""
        settings = self.settings
        if settings.token_jwks is None:
            if settings.env == "production":
                raise SettingsError("GATEWAY_TOKEN_JWKS: must name the issuer's key set in production")
            return f"development keys at {development_jwks(settings.data_dir)}"
        if not await IssuerKeys(settings.token_jwks).reload():
            raise Wrong(
                Verdict.UNREACHABLE,
                "GATEWAY_TOKEN_JWKS: no keys can be had there that may sign tokens",
                "See that the file or https URL is reached from here, and holds RS256, ES256 or EdDSA keys.",
            )
        return "its keys are there"

    async def rules(self) -> str:
        """See that the rules can be read, are vouched for and build, and that the engine gives the golden answers."""
        settings = self.settings
        if settings.opa_url is not None:
            return await self._rules_of_opa(settings.opa_url)
        rules = await asyncio.to_thread(RuleSet.read, settings.policies_dir)
        if settings.policies_key_file is not None:
            verify_signature(read_signature(settings.policies_dir), rules, settings.policies_key_file.read_bytes())
        engine = await asyncio.to_thread(EmbeddedDecider, settings.policies_dir, timeout=RULES_TIMEOUT)
        try:
            replay = await replay_golden(engine, settings.policies_dir, revision=engine.revision)
        finally:
            await engine.close()
        if replay is Replay.OUT_OF_DATE:
            verdict = Verdict.UNUSABLE if settings.env == "production" else Verdict.WARNING
            raise Wrong(verdict, "the golden answers are of other rules", "Run `gateway policy golden --write`.")
        return f"{rules.revision} build and give the golden answers"

    async def _rules_of_opa(self, url: str) -> str:
        rules, stated = await held_rules(url, within=RULES_TIMEOUT)
        if stated.get("id") != rules.revision:
            raise RulesNotTrusted(f"OPA calls its rules {stated.get('id')}, and they are {rules.revision}")
        if self.settings.policies_key_file is not None:
            signature = {name: value for name, value in stated.items() if name != "id"}
            verify_signature(signature or None, rules, self.settings.policies_key_file.read_bytes())
        own = await asyncio.to_thread(RuleSet.read, self.settings.policies_dir)
        if own.revision != rules.revision:
            raise Wrong(
                Verdict.WARNING,
                f"OPA holds {rules.revision}, and GATEWAY_POLICIES_DIR has {own.revision}",
                "Publish the folder (`gateway policy publish`), or bring it to what OPA holds.",
            )
        return f"OPA holds {rules.revision}"

    async def words(self) -> str:
        """See that the words of the access log can be read."""
        Words.read(self.settings.words_file)
        return str(self.settings.words_file.name)

    async def documents(self) -> str:
        """See that the manifests of trusted documents can be read."""
        known = len(TrustedDocuments(self.settings.document_manifests))
        return f"{known} known" + (", and no others are asked" if self.settings.documents_required else "")

    async def caller_tls(self) -> str:
        """See that the port for callers can have TLS, and that somebody can make certificates for them."""
        settings = self.settings
        if caller_port(settings) is None:
            return "none: a proxy in front has it" + (f", at {settings.tls_proxies}" if settings.tls_proxies else "")
        assert settings.tls_cert_file is not None  # noqa: S101  # or there was no port
        own = self._in_time(settings.tls_cert_file)
        if settings.tls_client_ca_file is None:
            return own
        return f"{own}; {self._authorities_in_time(authorities_in(settings.tls_client_ca_file))}"

    def _authorities_in_time(self, authorities: Sequence[x509.Certificate]) -> str:
        first, last = (of(one.not_valid_after_utc for one in authorities) for of in (min, max))
        way_out = "Put its successor into GATEWAY_TLS_CLIENT_CA_FILE, then SIGHUP."
        if last < self._clock():
            raise Wrong(Verdict.UNUSABLE, f"the last authority for callers expired on {last:%Y-%m-%d}", way_out)
        if first < self._clock() + EXPIRES_SOON:
            raise Wrong(Verdict.WARNING, f"an authority for callers ends on {first:%Y-%m-%d}", way_out)
        return f"callers show one of theirs, by {len(authorities)} authorities, until {first:%Y-%m-%d} at least"

    async def registry(self) -> str:
        """See that the registry of members verifies and is in force."""
        settings = self.settings
        if settings.registry is None:
            return "none: no other authority is asked or answered"
        found = await self._registry(settings.registry)
        if found.expired(self._clock()):
            raise RegistryRefused("the registry has expired")
        if AuthorityCode(settings.authority) not in found.members:
            raise Wrong(Verdict.WARNING, "this authority is not listed", "Join: `gateway federation join`.")
        return f"number {found.sequence}, {len(found.members)} members"

    async def _registry(self, location: str) -> Registry:
        if self.settings.registry_keys_file is None:
            raise SettingsError("GATEWAY_REGISTRY_KEYS_FILE: must name the operator's public keys")
        keys = believed(pinned_keys(self.settings.registry_keys_file), await RegistryReleases(self._open()).newest())
        return read_registry(await registry_text(location), keys=keys, at=self._clock())

    async def peers(self) -> str:
        """See that peers can be asked and answered."""
        settings = self.settings
        if settings.peer_cert_file is None and settings.peer_key_file is None and settings.assertion_key_file is None:
            return "none"
        if settings.peer_cert_file is None or settings.peer_key_file is None:
            raise SettingsError("GATEWAY_PEER_CERT_FILE and GATEWAY_PEER_KEY_FILE: must be set to speak to peers")
        if settings.registry is None:
            raise SettingsError("GATEWAY_REGISTRY: must name the registry of members")
        own = OwnCertificate(certificate=settings.peer_cert_file, key=settings.peer_key_file)
        listed = (await self._registry(settings.registry)).members.get(AuthorityCode(settings.authority))
        if listed is None:
            raise Wrong(
                Verdict.WARNING, "the registry does not list this authority", "Join: `gateway federation join`."
            )
        asking_context(own, listed)
        if settings.assertion_key_file is not None:
            key = assertion_key(settings.assertion_key_file)
            if key.thumbprint() not in {one.thumbprint() for one in listed.keys}:
                raise Wrong(
                    Verdict.UNUSABLE,
                    "GATEWAY_ASSERTION_KEY_FILE: the registry does not list this key",
                    "Join again with it (`gateway federation join`), or give the key that is listed.",
                )
        return self._in_time(settings.peer_cert_file)

    def _in_time(self, certificate: Path) -> str:
        until = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
        left = until - self._clock()
        if left < timedelta():
            raise Wrong(Verdict.UNUSABLE, f"the certificate expired on {until:%Y-%m-%d}", "Replace it, then SIGHUP.")
        if left < EXPIRES_SOON:
            raise Wrong(Verdict.WARNING, f"the certificate expires on {until:%Y-%m-%d}", "Replace it, then SIGHUP.")
        return f"the certificate holds until {until:%Y-%m-%d}"

    def _open(self) -> Database:
        if self._database is None:
            raise Wrong(Verdict.UNREACHABLE, "not looked at: the database does not answer", "See the database first.")
        return self._database


_FILES: Final = "Name a file that this user can read, in the form that docs/settings.md says."
_CHECKS: Final[tuple[tuple[str, Check, str], ...]] = (
    (
        "database",
        Checks.database,
        "See that PostgreSQL runs, is no standby, and that GATEWAY_DATABASE_URL leads to it.",
    ),
    ("migrations", Checks.migrations, "Use a database of PostgreSQL 15 or later that no other release migrated."),
    ("connections", Checks.connections, "See the database first."),
    ("clock", Checks.clock, "See the database first."),
    ("ledger's master key", Checks.ledger_key, _FILES),
    ("signing keys", Checks.signing, "Make one with `gateway ledger key`."),
    ("witnesses", Checks.witnesses, "docs/ledger.md says how witnesses are named."),
    ("issuer of tokens", Checks.issuer, "Set GATEWAY_TOKEN_JWKS to the issuer's key set."),
    ("rules", Checks.rules, "`gateway policy lint` and `gateway policy sign` say more; for OPA, see that it answers."),
    ("words", Checks.words, _FILES),
    ("documents", Checks.documents, "Make one with `gateway documents extract`."),
    ("TLS for callers", Checks.caller_tls, _FILES),
    ("registry", Checks.registry, "`gateway federation registry verify` says more; fetch the operator's newest."),
    ("peers", Checks.peers, "docs/federation.md says which files a member has."),
)
