"""Signed documents of the federation: compact JWS of a stated type, under ES256 or Ed25519, by a key that is named.

A key's id is its RFC 7638 thumbprint, so that a key cannot be passed off under the name of another.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

Key = ECKey | OKPKey

SIZE_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of a signed document that is read at most: a registry, at about 2 KB a member, is the longest."""

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}")
_ALGORITHM_OF: Final[Mapping[str, str]] = {"P-256": "ES256", "Ed25519": "Ed25519"}
"""The one algorithm of each curve: a header cannot choose another."""


class Fault(StrEnum):
    """What is wrong with a signed document."""

    MALFORMED = "malformed"
    TYPE = "type"
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"


class SignatureRefused(Exception):
    """The document is not what it says, or nobody known has signed it."""

    def __init__(self, fault: Fault) -> None:
        """Keep what is wrong."""
        super().__init__(fault.value)
        self.fault = fault


class KeyUnusable(Exception):
    """A key is not one that this federation signs with; the message says why, never the key."""


def new_key(curve: str = "P-256") -> Key:
    """Return a new private key: `P-256` for ES256, `Ed25519` for Ed25519."""
    return ECKey.generate_key(curve) if curve == "P-256" else OKPKey.generate_key("Ed25519")


def read_key(document: object, *, private: bool) -> Key:
    """Return the key in a JWK.

    Raises:
        KeyUnusable: It is none, of another curve, or has no private half where one is needed.
    """
    curve = document.get("crv") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(curve, str) or curve not in _ALGORITHM_OF:
        raise KeyUnusable("the key is not a JWK of the curve P-256 or Ed25519")
    if private and "d" not in document:
        raise KeyUnusable("the key is a public one; the private one is needed")
    parts = {name: document[name] for name in ("kty", "crv", "x", "y", *(["d"] if private else ())) if name in document}
    try:
        key: Key = ECKey.import_key(parts) if parts.get("kty") == "EC" else OKPKey.import_key(parts)
        key.thumbprint()
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise KeyUnusable("the key cannot be read") from error
    return key


def read_keys(document: object) -> tuple[Key, ...]:
    """Return the public keys in a JWK set or in one JWK.

    Raises:
        KeyUnusable: There is none, or one that cannot be read.
    """
    listed = document.get("keys", [document]) if isinstance(document, dict) else None
    if not isinstance(listed, list) or not listed:
        raise KeyUnusable("there is no key")
    return tuple(read_key(one, private=False) for one in listed)


def public_jwk(key: Key) -> dict[str, Any]:
    """Return the public half, with its id."""
    return {**key.as_dict(private=False), "kid": key.thumbprint()}


def public_set(keys: Iterable[Key]) -> dict[str, Any]:
    """Return the public halves as a JWK set."""
    return {"keys": [public_jwk(key) for key in keys]}


def sign(payload: Mapping[str, Any], *, type: str, key: Key) -> str:
    """Return the payload signed, in compact form."""
    algorithm = _ALGORITHM_OF[str(key.curve_name)]
    header = {"alg": algorithm, "typ": type, "kid": key.thumbprint()}
    return jws.serialize_compact(header, orjson.dumps(payload), key, algorithms=[algorithm])


def unverified(text: str) -> Mapping[str, Any]:
    """Return what a document says of itself, before anybody has looked at its signature.

    Raises:
        SignatureRefused: It is not a signed JSON object.
    """
    try:
        payload = orjson.loads(_extracted(text).payload)
    except orjson.JSONDecodeError:
        raise SignatureRefused(Fault.MALFORMED) from None
    if not isinstance(payload, dict):
        raise SignatureRefused(Fault.MALFORMED)
    return payload


def verified(text: str, *, type: str, keys: Iterable[Key]) -> Mapping[str, Any]:
    """Return the payload of a document that one of the keys has signed.

    Raises:
        SignatureRefused: It is malformed, of another type or algorithm, by another key, or has been changed.
    """
    header = _extracted(text).headers()
    if header.get("typ") != type:
        raise SignatureRefused(Fault.TYPE)
    if header.get("alg") not in _ALGORITHM_OF.values():
        raise SignatureRefused(Fault.ALGORITHM)
    if "crit" in header or "b64" in header:
        raise SignatureRefused(Fault.MALFORMED)
    key = next((key for key in keys if key.thumbprint() == header.get("kid")), None)
    if key is None:
        raise SignatureRefused(Fault.KEY)
    if header["alg"] != _ALGORITHM_OF[str(key.curve_name)]:
        raise SignatureRefused(Fault.ALGORITHM)
    try:
        jws.deserialize_compact(text, key, registry=_reading(str(header["alg"])))
    except (JoseError, ValueError, TypeError) as error:
        raise SignatureRefused(Fault.SIGNATURE) from error
    return unverified(text)


def _extracted(text: str) -> jws.CompactSignature:
    if not _COMPACT.fullmatch(text):
        raise SignatureRefused(Fault.MALFORMED)
    try:
        return jws.extract_compact(text.encode("ascii"), registry=_reading())
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise SignatureRefused(Fault.MALFORMED) from error


def _reading(*algorithms: str) -> jws.JWSRegistry:
    """Return by what a document is read: the library's own limit of 128,000 bytes would refuse sixty members."""
    reading = jws.JWSRegistry(algorithms=algorithms)
    reading.max_payload_length = SIZE_LIMIT
    return reading
