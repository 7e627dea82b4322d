"""`gateway config check` finds what a start would stumble over, and says the way out."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest
from pydantic import ValidationError

from connectors.checkpoint_keys import write_key
from connectors.ledger_secret import ledger_master_key
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.config_checks import Checks, Verdict
from gateway.federation.enrolment import new_tls_key, self_made_issuer
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.notes import KeyKind, SigningKey
from tests.support.federation import enrolled
from tests.support.gateway import settings_for
from tests.support.processes import PROJECT, command_of, environment_of, free_port


async def finding(subject, url, folder, *, clock=lambda: datetime.now(UTC), **settings):
    stated = settings_for(folder, **{"database_url": url, "env": "development"} | settings)
    return {one.subject: one async for one in Checks(stated, clock=clock).findings(only=(subject,))}[subject]


def command(folder, *words, **settings):
    """The command as an operator gives it: exit code and what was printed."""
    done = subprocess.run(  # noqa: S603 - ours
        command_of("config", "check", *words), cwd=PROJECT, env=environment_of(data_dir=folder, **settings),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_settings_that_can_be_used_are_good_in_every_part(database_url, tmp_path):
    code, said = command(tmp_path, "--json", database_url=database_url)

    document = orjson.loads(said)
    assert (code, document["usable"], document["missing"]) == (0, True, [])
    assert {one["subject"]: one["verdict"] for one in document["findings"]} == dict.fromkeys(
        ("database", "migrations", "connections", "clock", "ledger's master key", "signing keys", "witnesses",
         "issuer of tokens", "rules", "words", "documents", "TLS for callers", "registry", "peers"), "good"
    )  # fmt: skip


def test_what_cannot_be_used_ends_with_2_and_what_cannot_be_reached_with_3(database_url, tmp_path):
    nowhere = {"database_url": f"postgresql://127.0.0.1:{free_port()}/none", "policies_dir": tmp_path / "none"}
    unreachable = {"database_url": nowhere["database_url"], "token_jwks": str(tmp_path / "none.json")}

    unusable_code, said = command(tmp_path, database_url=database_url, env="production")
    nowhere_code, _ = command(tmp_path, "--json", **nowhere)
    unreachable_code, document = command(tmp_path, "--json", **unreachable)

    assert (unusable_code, nowhere_code, unreachable_code) == (2, 2, 3)
    assert "Missing in production: GATEWAY_TOKEN_JWKS" in said
    assert database_url not in said
    assert {one["subject"] for one in orjson.loads(document)["findings"] if one["verdict"] == "unreachable"} == {
        "database", "migrations", "connections", "clock", "ledger's master key", "issuer of tokens"
    }  # fmt: skip


async def test_a_database_that_lacks_a_migration_or_writing_is_named(database_url, tmp_path):
    connection = await asyncpg.connect(database_url)
    last = await connection.fetchval("DELETE FROM schema_migration WHERE name LIKE '0013%' RETURNING name")
    name = await connection.fetchval("SELECT current_database()")

    lacking = await finding("migrations", database_url, tmp_path)
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    read_only = await finding("database", database_url, tmp_path)
    await connection.close()

    assert (lacking.verdict, last in lacking.said) == (Verdict.UNUSABLE, True)
    assert "gateway migrate" in lacking.way_out
    assert (read_only.verdict, "database:read-only" in read_only.said) == (Verdict.UNREACHABLE, True)


async def test_more_connections_than_the_database_has_are_a_warning(database_url, tmp_path):
    said = await finding("connections", database_url, tmp_path, workers=16, database_pool_max=50)

    assert (said.verdict, "912 connections" in said.said) == (Verdict.WARNING, True)


async def test_a_clock_that_is_wrong_is_named(database_url, tmp_path):
    said = await finding("clock", database_url, tmp_path, clock=lambda: datetime.now(UTC) + timedelta(minutes=2))

    assert (said.verdict, said.said) == (Verdict.UNUSABLE, "this clock and the database's are 120 s apart")


async def test_a_master_key_of_another_ledger_is_named(database, database_url, tmp_path):
    await SealingKeys(ledger_master_key(settings_for(tmp_path / "one"))).commitments(database)

    own = await finding("ledger's master key", database_url, tmp_path / "one")
    other = await finding("ledger's master key", database_url, tmp_path / "other")

    assert own.verdict is Verdict.GOOD
    assert (other.verdict, "another master key" in other.said) == (Verdict.UNUSABLE, True)


async def test_a_signing_key_of_another_authority_is_named(database_url, tmp_path):
    write_key(tmp_path / "signing.key", SigningKey.new(origin_of("E08000003"), KeyKind.LOG))

    said = await finding("signing keys", database_url, tmp_path, ledger_signing_key_files=str(tmp_path / "signing.key"))

    assert (said.verdict, "for another authority" in said.said) == (Verdict.UNUSABLE, True)


@pytest.mark.parametrize(
    ("days", "verdict"), [(0, Verdict.GOOD), (-10, Verdict.WARNING), (1, Verdict.UNUSABLE)], ids=str
)
async def test_the_end_of_a_certificate_is_seen_coming(database_url, tmp_path, days, verdict):
    own = enrolled(tmp_path / "member", "E08000009").own
    good = await finding("TLS for callers", database_url, tmp_path, tls_cert_file=own.certificate, tls_key_file=own.key)
    until = datetime.fromisoformat(good.said.rpartition(" ")[2]).replace(tzinfo=UTC)
    at = until + timedelta(days=days) if days else datetime.now(UTC)

    said = await finding(
        "TLS for callers", database_url, tmp_path, clock=lambda: at, tls_cert_file=own.certificate, tls_key_file=own.key
    )

    assert said.verdict is verdict


@pytest.mark.parametrize(
    ("days", "verdict", "said"),
    [
        (0, Verdict.GOOD, "by 2 authorities"),
        (360, Verdict.WARNING, "ends on"),
        (500, Verdict.WARNING, "ends on"),
        (900, Verdict.UNUSABLE, "the last authority for callers expired"),
    ],
)
async def test_the_end_of_an_authority_of_callers_is_seen_coming(database_url, tmp_path, days, verdict, said):
    own, issuers = long_lived(tmp_path)
    at = datetime.now(UTC) + timedelta(days=days)
    settings = {"tls_cert_file": own.certificate, "tls_key_file": own.key, "tls_client_ca_file": issuers}

    found = await finding("TLS for callers", database_url, tmp_path, clock=lambda: at, **settings)

    assert (found.verdict, said in found.said) == (verdict, True)


def long_lived(folder):
    """A certificate for three years, and authorities for one and for two."""
    keys, now = [new_tls_key() for _ in range(2)], datetime.now(UTC)
    issuers = folder / "authorities.pem"
    issuers.write_bytes(
        b"".join(self_made_issuer(key, name="Callers", at=now, days=365 * years) for years, key in enumerate(keys, 1))
    )
    return enrolled(folder / "member", "E08000009").renew(days=365 * 3).own, issuers


@pytest.mark.parametrize(
    "content",
    [
        lambda own: None,
        lambda own: b"",
        lambda own: b"no certificate",
        lambda own: own.certificate.read_bytes(),
        lambda own: own.key.read_bytes(),
    ],
    ids=["missing", "empty", "no PEM", "no authority's", "a key"],
)
async def test_authorities_of_callers_that_cannot_be_used_are_named(database_url, tmp_path, content):
    own, issuers = enrolled(tmp_path / "member", "E08000009").own, tmp_path / "authorities.pem"
    if content(own) is not None:
        issuers.write_bytes(content(own))

    said = await finding(
        "TLS for callers", database_url, tmp_path,
        tls_cert_file=own.certificate, tls_key_file=own.key, tls_client_ca_file=issuers,
    )  # fmt: skip

    assert (said.verdict, "GATEWAY_TLS_CLIENT_CA_FILE" in said.said) == (Verdict.UNUSABLE, True)
    assert said.way_out


async def test_authorities_of_callers_without_tls_are_named(database_url, tmp_path):
    issuers = tmp_path / "authorities.pem"
    issuers.write_bytes(enrolled(tmp_path / "member", "E08000009").issuer)

    said = await finding("TLS for callers", database_url, tmp_path, tls_client_ca_file=issuers)

    assert (said.verdict, "GATEWAY_TLS_CLIENT_CA_FILE" in said.said) == (Verdict.UNUSABLE, True)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"token_binding_required": "true"}, "GATEWAY_TLS_CLIENT_CA_FILE or GATEWAY_TLS_PROXIES"),
        ({"tls_proxies": "0.0.0.0/0"}, "tls_proxies"),
        ({"tls_proxies": "10.0.0.1, 128.0.0.0/7"}, "tls_proxies"),
        ({"tls_proxies": "::/1"}, "tls_proxies"),
        ({"tls_proxies": "::ffff:10.0.0.0/104"}, "tls_proxies"),
        ({"tls_proxies": "10.0.0.1/24"}, "tls_proxies"),
        ({"tls_proxies": "proxy.invalid"}, "tls_proxies"),
        ({"tls_proxy_header": "Client_Cert"}, "tls_proxy_header"),
    ],
    ids=str,
)
def test_settings_by_which_no_certificate_or_everybodys_would_be_believed_stop_the_start(settings, named):
    with pytest.raises(ValidationError, match=named):
        settings_for(Path(), **settings)


@pytest.mark.parametrize(
    ("subject", "setting"),
    [("rules", "policies_dir"), ("words", "words_file"), ("ledger's master key", "ledger_key_file")],
)
async def test_a_file_that_is_not_there_is_named_with_a_way_out(database_url, tmp_path, subject, setting):
    said = await finding(subject, database_url, tmp_path, **{setting: tmp_path / "missing"})

    assert said.verdict is Verdict.UNUSABLE
    assert said.way_out
