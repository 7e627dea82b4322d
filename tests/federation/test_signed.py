"""A signed document is taken from the key it names, in the form it states, or not at all."""

import base64

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from gateway.federation.signed import (
    Fault,
    KeyUnusable,
    SignatureRefused,
    new_key,
    public_jwk,
    read_key,
    read_keys,
    sign,
    verified,
)

TYPE = "made-up+jwt"


def b64(value):
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def fault_of(text, *keys):
    with pytest.raises(SignatureRefused) as refused:
        verified(text, type=TYPE, keys=keys)
    return refused.value.fault


@pytest.mark.parametrize("curve", ["P-256", "Ed25519"])
def test_what_a_known_key_has_signed_is_read_back(curve):
    key = new_key(curve)

    assert verified(sign({"a": "ä"}, type=TYPE, key=key), type=TYPE, keys=[new_key(), key]) == {"a": "ä"}


def test_another_type_of_document_is_refused():
    key = new_key()

    assert fault_of(sign({}, type="another+jwt", key=key), key) is Fault.TYPE


def test_a_key_that_is_not_known_is_refused():
    assert fault_of(sign({}, type=TYPE, key=new_key()), new_key()) is Fault.KEY


def test_a_key_under_the_name_of_another_is_refused():
    key, other = new_key(), new_key()
    header = {"alg": "ES256", "typ": TYPE, "kid": key.thumbprint()}

    assert fault_of(jws.serialize_compact(header, b"{}", other, algorithms=["ES256"]), key) is Fault.SIGNATURE


def test_no_algorithm_is_no_signature():
    key = new_key()
    header = {"alg": "none", "typ": TYPE, "kid": key.thumbprint()}

    assert fault_of(f"{b64(header)}.{b64({})}.", key) is Fault.MALFORMED
    assert fault_of(f"{b64(header)}.{b64({})}.AAAA", key) is Fault.ALGORITHM


def test_a_public_key_is_no_shared_secret():
    key = new_key()
    secret = OctKey.import_key(orjson.dumps(public_jwk(key)))
    header = {"alg": "HS256", "typ": TYPE, "kid": key.thumbprint()}

    assert fault_of(jws.serialize_compact(header, b"{}", secret, algorithms=["HS256"]), key) is Fault.ALGORITHM


def test_the_algorithm_is_the_keys_and_not_the_headers_to_choose():
    key, other = new_key("P-256"), new_key("Ed25519")
    header = {"alg": "Ed25519", "typ": TYPE, "kid": key.thumbprint()}

    assert fault_of(jws.serialize_compact(header, b"{}", other, algorithms=["Ed25519"]), key) is Fault.ALGORITHM


def test_a_changed_payload_is_refused():
    key = new_key()
    head, _, signature = sign({"a": 1}, type=TYPE, key=key).split(".")

    assert fault_of(f"{head}.{b64({'a': 2})}.{signature}", key) is Fault.SIGNATURE


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "!!.!!.!!", "e30.e30.e30", "W10.e30.e30", "ä.ä.ä", "\n" * 9])
def test_what_is_no_signed_document_is_refused(text):
    assert fault_of(text, new_key()) in (Fault.MALFORMED, Fault.TYPE)


def test_a_payload_that_is_no_object_is_refused():
    key = new_key()
    header = {"alg": "ES256", "typ": TYPE, "kid": key.thumbprint()}

    assert fault_of(jws.serialize_compact(header, b"[1]", key, algorithms=["ES256"]), key) is Fault.MALFORMED


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"kty": "EC", "crv": "P-384"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": 5},
        {"kty": "oct", "crv": "P-256", "k": "AAAA"},
        pytest.param(RSAKey.generate_key(2048).as_dict(private=False), id="RSA"),
    ],
    ids=repr,
)
def test_only_keys_of_the_two_curves_are_keys(document):
    with pytest.raises(KeyUnusable):
        read_key(document, private=False)


def test_a_public_key_does_not_pass_for_a_private_one():
    with pytest.raises(KeyUnusable, match="private one is needed"):
        read_key(public_jwk(new_key()), private=True)


def test_an_empty_set_of_keys_is_none():
    with pytest.raises(KeyUnusable):
        read_keys({"keys": []})
