"""A token that is bound to a certificate is good for whoever shows that one, and for nobody else (RFC 8705)."""

import asyncio

import pytest
from typer.testing import CliRunner

from connectors.issuer_keys import IssuerKeys
from gateway.cli.main import app
from gateway.federation.signed import unverified
from gateway.shown_certificate import NOTHING, Shown
from gateway.tokens import RefusedToken, TokenReader
from tests.gateway.test_tokens import GOOD, KEY, key_file, signed
from tests.support.builders import NOW
from tests.support.callers import Certificates, bound_to
from tests.support.gateway import a_persona

OWN, OTHER = "o" * 43, "p" * 43
BOUND = signed(GOOD | {"cnf": {"x5t#S256": OWN}})


@pytest.fixture
def reader_of(tmp_path):
    def made(**stated):
        keys = IssuerKeys(key_file(tmp_path / "jwks.json", KEY))
        return TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: NOW, **stated)

    return made


async def outcome(reader, token, shown):
    """Whom a token names, or why it is refused; one that is refused still says whom."""
    try:
        claims = await reader.read(f"Bearer {token}", shown=shown)
    except RefusedToken as refused:
        return refused.reason if refused.claims is not None else None
    return claims.person


TAKEN = GOOD["sub"]


@pytest.mark.parametrize("required", [False, True])
async def test_a_bound_token_is_good_over_its_certificate_only(reader_of, required):
    reader = reader_of(binding_required=required)

    over = [await outcome(reader, BOUND, shown) for shown in (Shown(thumbprint=OWN), Shown(thumbprint=OTHER), NOTHING)]

    assert over == [TAKEN, "token-certificate-other", "token-certificate-missing"]


async def test_a_token_that_was_good_once_is_looked_at_again_over_each_certificate(reader_of):
    reader, shown = reader_of(), [Shown(thumbprint=text) for text in (OWN, OTHER, OWN, OTHER)]

    over = [await outcome(reader, BOUND, one) for one in shown]

    assert over == [TAKEN, "token-certificate-other"] * 2


@pytest.mark.parametrize(("required", "told"), [(False, TAKEN), (True, "token-unbound")])
@pytest.mark.parametrize("shown", [NOTHING, Shown(thumbprint=OWN)])
async def test_an_unbound_token_is_good_unless_binding_is_required(reader_of, required, told, shown):
    assert await outcome(reader_of(binding_required=required), signed(GOOD), shown) == told


@pytest.mark.parametrize(
    "confirmation",
    [
        None, {}, [], "x5t#S256", OWN, True, [{"x5t#S256": OWN}],
        {"x5t#S256": None}, {"x5t#S256": ""}, {"x5t#S256": [OWN]}, {"x5t#S256": 7}, {"x5t#S256": {"a": OWN}},
        {"x5t#S256": OWN + "="}, {"x5t#S256": OWN + "\n"}, {"x5t#S256": " " + OWN[1:]}, {"x5t#S256": "é" * 43},
        {"x5t#S256": OWN[:-1]}, {"x5t#S256": OWN * 2}, {"x5t#S256": "o" * 42 + "/"},
        {"x5t": OWN}, {"x5t#s256": OWN}, {"x5t#S512": OWN}, {"kid": OWN}, {"jkt": OWN}, {"jwk": {"kty": "EC"}},
        {"x5t#S256": OWN, "jkt": OWN}, {"x5t#S256": OWN, "x5t": OWN},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("shown", [NOTHING, Shown(thumbprint=OWN)], ids=["shown none", "shown its own"])
async def test_a_token_bound_in_a_form_that_is_not_known_is_good_for_nobody(reader_of, confirmation, shown):
    token = signed(GOOD | {"cnf": confirmation})

    assert await outcome(reader_of(), token, shown) == "token-binding-malformed"


@pytest.mark.parametrize("token", [BOUND, signed(GOOD)], ids=["bound", "unbound"])
async def test_whoever_shows_a_certificate_with_a_fault_is_told_nothing_under_any_token(reader_of, token):
    assert await outcome(reader_of(), token, Shown(fault="certificate-expired")) == "certificate-expired"


async def test_a_bound_token_that_has_expired_is_refused_as_that(reader_of):
    expired = signed(GOOD | {"exp": GOOD["iat"] - 60, "cnf": {"x5t#S256": OWN}})

    assert await outcome(reader_of(), expired, Shown(thumbprint=OWN)) == "token-expired"


async def test_in_development_a_token_is_bound_to_the_certificate_in_a_file(
    database, database_url, tmp_path, monkeypatch
):
    caller, nurse = Certificates(tmp_path).caller("caller"), await a_persona(database, "health-practitioner")
    for name, value in {"ENV": "development", "DATABASE_URL": database_url, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"GATEWAY_{name}", value)

    async def command(file):
        return await asyncio.to_thread(CliRunner().invoke, app, ["token", nurse.person, "--certificate", str(file)])

    made, refused = await command(caller.own.certificate), await command(caller.own.key)

    assert unverified(made.stdout.strip())["cnf"] == {"x5t#S256": bound_to(caller)}
    assert (refused.exit_code, "--certificate" in refused.output) == (2, True)
