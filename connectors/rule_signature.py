"""Signed rule sets: who released a rule set and when, so that none is taken up that nobody vouches for.

`signature.json` beside `data.json` holds the digest of the rules, the moment of release and a signature over both, and
the signature of the bundle by which OPA knows it. The key is the policy owner's; gateways and OPA hold its public half
only. It is an elliptic one (P-256), because OPA verifies bundles with no newer kind.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from connectors.rule_set import RuleSet

FILE = "signature.json"
_CURVE = ec.SECP256R1
_ALGORITHM = ec.ECDSA(SHA256())
_PARTS = ("digest", "issued", "signature")


class RulesNotTrusted(Exception):
    """The rule set is unsigned, signed by somebody else, changed since, or older than one already taken up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A rule set as its owner released it; `issued` is in UTC."""

    digest: str
    issued: datetime


def new_key() -> tuple[bytes, bytes]:
    """Return a private and a public key, both in PEM."""
    key = ec.generate_private_key(_CURVE())
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def sign(folder: Path, private_key: bytes, *, issued: datetime) -> Release:
    """Sign the rule set in a folder as it stands, and return the release.

    Raises:
        RuleSetUnreadable: There is no rule set.
        RulesNotTrusted: The key is not an elliptic private key (P-256) in PEM.
    """
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RulesNotTrusted("the key is not a private key in PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, _CURVE):
        raise RulesNotTrusted("the key is not an elliptic key on the curve P-256")
    rules = RuleSet.read(folder)
    release = Release(digest=rules.digest, issued=issued.astimezone(UTC).replace(microsecond=0))
    document = {**_claim(release), "signature": key.sign(_signed(release), _ALGORITHM).hex()}
    document["bundle"] = _bundle_signature(rules, document, key)
    (folder / FILE).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    return release


def verify(folder: Path, rules: RuleSet, public_key: bytes) -> Release:
    """Return the release of a rule set that was read from a folder.

    Raises:
        RulesNotTrusted: There is no signature, or not this key's, or not of these rules.
    """
    return verify_signature(read_signature(folder), rules, public_key)


def read_signature(folder: Path) -> Mapping[str, str] | None:
    """Return what the owner wrote beside the rules, unverified, or None where there is nothing that can be read."""
    try:
        document = orjson.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return None
    written = isinstance(document, dict) and all(isinstance(document.get(name), str) for name in _PARTS)
    return document if written else None


def fitting_signature(folder: Path, rules: RuleSet) -> Mapping[str, str] | None:
    """Return what the owner wrote of exactly these rules, unverified, or None."""
    written = read_signature(folder)
    return written if written is not None and written["digest"] == rules.digest else None


def verify_signature(document: Mapping[str, str] | None, rules: RuleSet, public_key: bytes) -> Release:
    """Return the release that a signature vouches for.

    Raises:
        RulesNotTrusted: There is no signature, or not this key's, or not of these rules.
    """
    if document is None:
        raise RulesNotTrusted("the rules are not signed")
    try:
        release = Release(digest=document["digest"], issued=datetime.fromisoformat(document["issued"]))
        key = load_pem_public_key(public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVE):
            raise RulesNotTrusted("the public key is not an elliptic key on the curve P-256")
        key.verify(bytes.fromhex(document["signature"]), _signed(release), _ALGORITHM)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise RulesNotTrusted("the signature is not one that the policy owner's key made") from error
    if release.digest != rules.digest:
        raise RulesNotTrusted("the rules have changed since they were signed")
    return release


def refuse_other_bundle(document: Mapping[str, str], rules: RuleSet) -> None:
    """Return if OPA can verify the bundle of these rules by what was signed: a release may put it together otherwise.

    Raises:
        RulesNotTrusted: Another bundle was signed.
    """
    token = document.get("bundle", "").split(".")
    if len(token) != 3 or token[1] != _in_base64(_canonical(_files(rules, document))):
        raise RulesNotTrusted("another release signed them, whose bundle differs: sign them with this one")


def _bundle_signature(rules: RuleSet, document: Mapping[str, str], key: ec.EllipticCurvePrivateKey) -> str:
    """Return the JSON web token by which OPA verifies each file of the bundle."""
    signed = ".".join(
        _in_base64(_canonical(part)) for part in ({"alg": "ES256", "typ": "JWT"}, _files(rules, document))
    )
    # A token holds the signature's two numbers side by side, at 32 bytes each.
    numbers = decode_dss_signature(key.sign(signed.encode(), _ALGORITHM))
    return f"{signed}.{_in_base64(b''.join(number.to_bytes(32, 'big') for number in numbers))}"


def _files(rules: RuleSet, document: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what a bundle's token says of its files.

    Source: OPA's documentation of bundle signing; JSON is hashed in a canonical form, everything else as it is.
    """
    contents = {
        **{name: source.encode() for name, source in rules.modules.items()},
        **{name: _canonical(content) for name, content in rules.bundled(document).items()},
    }
    return {
        "files": [
            {"name": name, "hash": sha256(content).hexdigest(), "algorithm": "SHA-256"}
            for name, content in sorted(contents.items())
        ]
    }


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _in_base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _claim(release: Release) -> dict[str, str]:
    return {"digest": release.digest, "issued": release.issued.isoformat()}


def _signed(release: Release) -> bytes:
    return b"directory-gateway rules\n" + orjson.dumps(_claim(release), option=orjson.OPT_SORT_KEYS)
