"""Signed rule sets: who released a rule set and when, so that none is taken up that nobody vouches for.

`signature.json` beside `data.json` holds the digest of the rules, the moment of release and an Ed25519 signature over
both. The key is the policy owner's; gateways hold its public half only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
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


class RulesNotTrusted(Exception):
    """The rule set is unsigned, signed by somebody else, changed since, or older than one already taken up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A rule set as its owner released it; `issued` is in UTC."""

    digest: str
    issued: datetime


def new_key() -> tuple[bytes, bytes]:
    """Return a private and a public key, both in PEM."""
    key = Ed25519PrivateKey.generate()
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def sign(folder: Path, private_key: bytes, *, issued: datetime) -> Release:
    """Sign the rule set in a folder as it stands, and return the release.

    Raises:
        RuleSetUnreadable: There is no rule set.
        RulesNotTrusted: The key is not an Ed25519 private key in PEM.
    """
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RulesNotTrusted("the key is not a private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RulesNotTrusted("the key is not an Ed25519 key")
    release = Release(digest=RuleSet.read(folder).digest, issued=issued.astimezone(UTC).replace(microsecond=0))
    document = {**_claim(release), "signature": key.sign(_signed(release)).hex()}
    (folder / FILE).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    return release


def verify(folder: Path, rules: RuleSet, public_key: bytes) -> Release:
    """Return the release of a rule set that was read from a folder.

    Raises:
        RulesNotTrusted: There is no signature, or not this key's, or not of these rules.
    """
    try:
        document = orjson.loads((folder / FILE).read_bytes())
        release = Release(digest=document["digest"], issued=datetime.fromisoformat(document["issued"]))
        key = load_pem_public_key(public_key)
        if not isinstance(key, Ed25519PublicKey):
            raise RulesNotTrusted("the public key is not an Ed25519 key")
        key.verify(bytes.fromhex(document["signature"]), _signed(release))
    except FileNotFoundError as error:
        raise RulesNotTrusted("the rules are not signed") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise RulesNotTrusted("the signature is not one that the policy owner's key made") from error
    if release.digest != rules.digest:
        raise RulesNotTrusted("the rules have changed since they were signed")
    return release


def _claim(release: Release) -> dict[str, str]:
    return {"digest": release.digest, "issued": release.issued.isoformat()}


def _signed(release: Release) -> bytes:
    return b"directory-gateway rules\n" + orjson.dumps(_claim(release), option=orjson.OPT_SORT_KEYS)
