"""Which tokens are believed, and what the ledger keeps of those that are not."""

import time

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from connectors.issuer_keys import IssuerKeys
from gateway.errors import SourceUnavailable, Unauthenticated
from gateway.tokens import RefusedToken, TokenReader
from tests.support.builders import NOW

AT = int(NOW.timestamp())
GOOD = {
    "iss": "https://identity.invalid/tests",
    "aud": "directory-gateway",
    "sub": "nurse.okafor",
    "name": "Ngozi Okafor",
    "agency": "a-1",
    "authority": "E08000009",
    "role": "health-practitioner",
    "iat": AT - 10,
    "exp": AT + 600,
    "jti": "t-1",
}
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})


def signed(claims, key=KEY, alg="ES256", kid="one"):
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, algorithms=[alg])


def key_file(path, *keys):
    path.write_bytes(orjson.dumps(KeySet(list(keys)).as_dict(private=False)))
    return str(path)


@pytest.fixture
def reader(tmp_path):
    keys = IssuerKeys(key_file(tmp_path / "jwks.json", KEY))
    return TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: NOW)


async def read(reader, token):
    return await reader.read(f"Bearer {token}")


async def test_a_good_token_names_who_asks(reader):
    claims = await read(reader, signed(GOOD))

    assert (claims.person, claims.role, claims.authority) == ("nurse.okafor", "health-practitioner", "E08000009")


async def test_the_second_reading_of_a_token_is_the_same_as_the_first(reader):
    token = signed(GOOD)

    assert await read(reader, token) == await read(reader, token)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://somewhere.invalid"}, "token-issuer"),
        ({"aud": "another-service"}, "token-audience"),
        ({"aud": ["another-service"]}, "token-audience"),
        ({"exp": AT - 31}, "token-expired"),
        ({"iat": AT + 31}, "token-not-yet-valid"),
        ({"nbf": AT + 31}, "token-not-yet-valid"),
        ({"exp": "tomorrow"}, "token-claims-malformed"),
        ({"exp": True}, "token-claims-malformed"),
        ({"sub": ""}, "token-claims-missing"),
        ({"role": 7}, "token-claims-missing"),
        ({"mediated_for": 7}, "token-claims-missing"),
    ],
)
async def test_a_token_with_a_fault_is_refused_by_name(reader, changed, reason):
    with pytest.raises(RefusedToken) as refused:
        await read(reader, signed(GOOD | changed))

    assert refused.value.reason == reason


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "name", "agency", "authority", "role", "iat", "exp", "jti"])
async def test_a_token_that_lacks_a_claim_is_refused(reader, missing):
    with pytest.raises(RefusedToken) as refused:
        await read(reader, signed({name: value for name, value in GOOD.items() if name != missing}))

    assert refused.value.reason == "token-claims-missing"


async def test_clocks_may_differ_by_half_a_minute(reader):
    assert await read(reader, signed(GOOD | {"exp": AT - 30, "iat": AT + 30}))


async def test_one_audience_of_several_is_enough(reader):
    assert await read(reader, signed(GOOD | {"aud": ["another-service", "directory-gateway"]}))


async def test_a_remembered_token_still_expires(tmp_path):
    moments = iter([NOW, NOW.replace(hour=NOW.hour + 2)])
    keys = IssuerKeys(key_file(tmp_path / "jwks.json", KEY))
    reader = TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: next(moments))
    token = signed(GOOD)
    await read(reader, token)

    with pytest.raises(RefusedToken):
        await read(reader, token)


async def test_a_shared_secret_made_of_the_public_key_signs_nothing(reader):
    public = orjson.dumps(KEY.as_dict(private=False))
    forged = jwt.encode({"alg": "HS256", "kid": "one"}, GOOD, OctKey.import_key(public), algorithms=["HS256"])

    with pytest.raises(Unauthenticated):
        await read(reader, forged)


async def test_an_unsigned_token_is_not_believed(reader):
    _, payload, _ = signed(GOOD).split(".")
    unsigned = "eyJhbGciOiJub25lIn0." + payload + "."

    with pytest.raises(Unauthenticated):
        await read(reader, unsigned)


async def test_another_key_under_a_known_key_id_is_not_believed(reader):
    stranger = ECKey.generate_key("P-256", {"kid": "one"})

    with pytest.raises(Unauthenticated):
        await read(reader, signed(GOOD, key=stranger))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer " + "x" * 9000])
async def test_what_is_no_token_identifies_nobody(reader, header):
    with pytest.raises(Unauthenticated):
        await reader.read(header)


async def test_an_rsa_key_of_the_issuer_signs_as_well(tmp_path):
    rsa = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    keys = IssuerKeys(key_file(tmp_path / "jwks.json", KEY, rsa))
    reader = TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: NOW)

    assert await read(reader, signed(GOOD, key=rsa, alg="RS256", kid="two"))


async def test_a_rotated_key_is_noticed_when_a_token_names_it(tmp_path, monkeypatch):
    path = tmp_path / "jwks.json"
    keys = IssuerKeys(key_file(path, KEY))
    reader = TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: NOW)
    await read(reader, signed(GOOD))
    new = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
    key_file(path, KEY, new)
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert await read(reader, signed(GOOD, key=new, kid="two"))


async def test_without_any_keys_nobody_can_be_identified(tmp_path):
    reader = TokenReader(
        issuer=GOOD["iss"], audience=GOOD["aud"], keys=IssuerKeys(str(tmp_path / "none.json")), clock=lambda: NOW
    )

    with pytest.raises(SourceUnavailable):
        await read(reader, signed(GOOD))
