"""Keys for development: an issuer of tokens and a ledger key, made once under the data folder."""

import os
import secrets
import time
import uuid
from pathlib import Path

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ISSUER_KEY = "issuer-key.json"
ISSUER_JWKS = "issuer-jwks.json"
LEDGER_KEY = "ledger.key"
ALGORITHM = "ES256"


def development_jwks(data_dir: Path) -> Path:
    """Return the file with the public keys of the development issuer, made if it is not there."""
    _issuer_key(data_dir)
    return data_dir / ISSUER_JWKS


def development_ledger_key(data_dir: Path) -> Path:
    """Return the file with the development key of the value commitments, made if it is not there."""
    path = data_dir / LEDGER_KEY
    if not path.exists():
        _write_private(path, secrets.token_bytes(32))
    return path


def development_token(
    data_dir: Path,
    *,
    issuer: str,
    audience: str,
    person: str,
    name: str,
    role: str,
    agency: str,
    authority: str,
    valid_for: int,
    mediated_for: str | None = None,
    issued_at: int | None = None,
    bound_to: str | None = None,
) -> str:
    """Return a signed token for a made-up person, good for the holder of the certificate with a thumbprint if stated.

    `valid_for` is in seconds, `issued_at` defaults to this moment.
    """
    key = _issuer_key(data_dir)
    now = int(time.time()) if issued_at is None else issued_at
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": audience,
        "sub": person,
        "name": name,
        "role": role,
        "agency": agency,
        "authority": authority,
        "iat": now,
        "exp": now + valid_for,
        "jti": str(uuid.uuid4()),
    }
    if mediated_for is not None:
        claims["mediated_for"] = mediated_for
    if bound_to is not None:
        claims["cnf"] = {"x5t#S256": bound_to}
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=[ALGORITHM])


def _issuer_key(data_dir: Path) -> ECKey:
    path = data_dir / ISSUER_KEY
    if not path.exists():
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM, "kid": secrets.token_hex(4)})
        _write_private(path, orjson.dumps(key.as_dict(private=True)))
    key = ECKey.import_key(orjson.loads(path.read_bytes()))
    public = data_dir / ISSUER_JWKS
    if not public.exists():
        public.write_bytes(orjson.dumps(KeySet([key]).as_dict(private=False)))
    return key


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
