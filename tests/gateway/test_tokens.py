"""Which tokens are believed, and what the ledger keeps of those that are not."""

import time
import warnings
from base64 import urlsafe_b64encode

import orjson
import pytest
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

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
    published = [key.as_dict() if isinstance(key, OctKey) else key.as_dict(private=False) for key in keys]
    path.write_bytes(orjson.dumps({"keys": published}))
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


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ("directory-assertion+jwt", "token-type"),
        ("id+jwt", "token-type"),
        ("JOSE", "token-type"),
        ("logout+jwt", "token-type"),
    ],
)
async def test_a_token_made_for_another_use_is_refused_by_name(reader, stated, reason):
    token = jwt.encode({"alg": "ES256", "kid": "one", "typ": stated}, GOOD, KEY, algorithms=["ES256"])

    with pytest.raises(RefusedToken) as refused:
        await read(reader, token)

    assert refused.value.reason == reason


@pytest.mark.parametrize("stated", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_an_access_token_may_say_that_it_is_one(reader, stated):
    token = jwt.encode({"alg": "ES256", "kid": "one", "typ": stated}, GOOD, KEY, algorithms=["ES256"])

    assert await read(reader, token)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"kid": "../../one"},
        {"kid": "one' OR '1'='1"},
        {"kid": None},
        {"typ": 7},
        {"alg": "ES384"},
        {"alg": "PS256"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": "NONE"},
        {"alg": "nOnE"},
    ],
    ids=str,
)
async def test_a_header_that_is_not_as_it_must_be_leaves_nobody_identified(reader, header):
    _, payload, signature = signed(GOOD).split(".")
    stated = {name: value for name, value in ({"alg": "ES256", "kid": "one"} | header).items() if value is not None}
    encoded = urlsafe_b64encode(orjson.dumps(stated)).rstrip(b"=").decode()

    with pytest.raises(Unauthenticated) as refused:
        await read(reader, f"{encoded}.{payload}.{signature}")

    assert refused.value.reason == "token-unverified"


@pytest.mark.parametrize("place", ["jwk", "jku", "x5u", "x5c"])
async def test_a_key_that_a_token_brings_along_is_not_believed(reader, place):
    stranger = ECKey.generate_key("P-256", {"kid": "stranger"})
    brought = {
        "jwk": stranger.as_dict(private=False),
        "jku": "https://identity.invalid/tests/jwks",
        "x5u": "https://identity.invalid/tests/chain",
        "x5c": ["MIIB"],
    }[place]
    header = orjson.dumps({"alg": "ES256", "kid": "stranger", place: brought})
    _, payload, signature = signed(GOOD, key=stranger, kid="stranger").split(".")
    token = f"{urlsafe_b64encode(header).rstrip(b'=').decode()}.{payload}.{signature}"

    with pytest.raises(Unauthenticated) as refused:
        await read(reader, token)

    assert refused.value.reason == "token-unverified"


async def test_an_encrypted_token_is_not_believed(reader):
    sealed = jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A256GCM", "zip": "DEF"}, orjson.dumps(GOOD), ECKey.generate_key("P-256")
    )

    with pytest.raises(Unauthenticated):
        await read(reader, sealed)


async def test_a_token_inside_a_token_is_not_believed(reader):
    nested = jws.serialize_compact({"alg": "ES256", "kid": "one", "cty": "JWT"}, signed(GOOD), KEY)

    with pytest.raises(Unauthenticated):
        await read(reader, nested)


@pytest.mark.parametrize("forged", ["", "AAAA", "A" * 86, "=" * 86])
async def test_a_signature_of_another_length_or_of_nothing_is_not_believed(reader, forged):
    head, payload, _ = signed(GOOD).split(".")

    with pytest.raises(Unauthenticated):
        await read(reader, f"{head}.{payload}.{forged}")


def weak_rsa():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns as well
        return RSAKey.generate_key(1024, {"kid": "two"})


@pytest.mark.parametrize(
    ("made", "alg"),
    [
        (weak_rsa, "RS256"),
        (lambda: ECKey.generate_key("P-384", {"kid": "two"}), "ES384"),
        (lambda: OctKey.generate_key(256, {"kid": "two"}), "HS256"),
        (lambda: OKPKey.generate_key("Ed448", {"kid": "two"}), "EdDSA"),
        (lambda: ECKey.generate_key("P-256", {"kid": "two", "use": "enc"}), "ES256"),
        (lambda: RSAKey.generate_key(2048, {"kid": "two", "alg": "RS512"}), "RS256"),
    ],
    ids=["short", "other curve", "shared secret", "other EdDSA", "for encryption", "for another algorithm"],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # the newer name Ed25519 is accepted as well
async def test_a_published_key_that_may_not_sign_signs_nothing(tmp_path, made, alg):
    key = made()
    keys = IssuerKeys(key_file(tmp_path / "jwks.json", KEY, key))
    reader = TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: NOW)
    parts = key.as_dict() if isinstance(key, OctKey) else key.as_dict(private=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signing = type(key).import_key({name: part for name, part in parts.items() if name not in ("use", "alg")})
        token = jwt.encode({"alg": alg, "kid": "two"}, GOOD, signing, algorithms=[alg])

    with pytest.raises(Unauthenticated) as refused:
        await read(reader, token)

    assert refused.value.reason == "token-unverified"
    assert await read(reader, signed(GOOD))


async def test_a_token_that_names_no_key_identifies_nobody_where_there_are_several(tmp_path):
    other = ECKey.generate_key("P-256", {"kid": "two"})
    keys = IssuerKeys(key_file(tmp_path / "jwks.json", KEY, other))
    reader = TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: NOW)

    with pytest.raises(Unauthenticated):
        await read(reader, jwt.encode({"alg": "ES256"}, GOOD, KEY, algorithms=["ES256"]))


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"keys": []}', b"<html>", b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'])
async def test_a_key_set_that_cannot_be_read_leaves_the_last_one_standing(tmp_path, monkeypatch, broken):
    path = tmp_path / "jwks.json"
    reader = TokenReader(
        issuer=GOOD["iss"], audience=GOOD["aud"], keys=IssuerKeys(key_file(path, KEY)), clock=lambda: NOW
    )
    await read(reader, signed(GOOD))
    path.write_bytes(broken)
    later = time.monotonic() + 1000
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert await read(reader, signed(GOOD | {"jti": "t-2"}))


async def test_a_key_that_was_taken_back_signs_nothing_once_the_set_was_read_again(tmp_path, monkeypatch):
    path = tmp_path / "jwks.json"
    reader = TokenReader(
        issuer=GOOD["iss"], audience=GOOD["aud"], keys=IssuerKeys(key_file(path, KEY)), clock=lambda: NOW
    )
    token = signed(GOOD)
    await read(reader, token)
    key_file(path, ECKey.generate_key("P-256", {"kid": "two"}))
    later = time.monotonic() + 1000
    monkeypatch.setattr(time, "monotonic", lambda: later)

    with pytest.raises(Unauthenticated):
        await read(reader, token)


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_an_edwards_key_of_the_issuer_signs_as_well(tmp_path, alg):
    edwards = OKPKey.generate_key("Ed25519", {"kid": "two", "use": "sig"})
    keys = IssuerKeys(key_file(tmp_path / "jwks.json", KEY, edwards))
    reader = TokenReader(issuer=GOOD["iss"], audience=GOOD["aud"], keys=keys, clock=lambda: NOW)

    assert await read(reader, jwt.encode({"alg": alg, "kid": "two"}, GOOD, edwards, algorithms=[alg]))
