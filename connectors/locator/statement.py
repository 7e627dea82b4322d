"""What an authority states of its setups, under its assertion key: which key, which setups, made when."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.locator.keys import DERIVATION, ELEMENTS, Kind
from connectors.postgres.locator import Release
from gateway.federation.registry import Member
from gateway.federation.signed import Key, SignatureRefused, sign, verified
from gateway.vocabulary import AuthorityCode

STATEMENT_TYPE: Final = "directory-locator+jwt"
LIFE: Final = timedelta(days=2)
"""How long a statement counts from the beginning of its day: so long may an asking side go on without a newer one."""

SKEW: Final = 30
_KEY: Final = re.compile(r"[0-9a-f]{16}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class StatementRefused(Exception):
    """It is not this member's, has expired, or speaks of setups that this release cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What was stated."""

    authority: AuthorityCode
    key_id: str
    made_at: datetime
    expires: datetime
    setups: Mapping[Kind, str]
    """The digest of the setup of each kind."""


def etag_of(release: Release, at: datetime) -> str:
    """Return the etag of a statement: it changes with the release, and every day."""
    return f'"{release.version}.{release.key_id}.{at:%Y%m%d}"'


def state(release: Release, *, authority: AuthorityCode, key: Key, at: datetime) -> str:
    """Return the statement of a release, signed."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    payload = {
        "iss": authority,
        "iat": int(at.timestamp()),
        "exp": int((day + LIFE).timestamp()),
        "derivation": DERIVATION,
        "elements": ELEMENTS,
        "key": release.key_id,
        "made": int(release.made_at.timestamp()),
        "setups": [{"kind": one.kind.value, "digest": one.digest, "size": one.size} for one in release.setups],
    }
    return sign(payload, type=STATEMENT_TYPE, key=key)


def read_statement(text: str, *, member: Member, at: datetime) -> Statement:
    """Return what a member states.

    Raises:
        StatementRefused: It may not be used.
    """
    try:
        payload = verified(text, type=STATEMENT_TYPE, keys=member.keys)
        statement = _read(payload)
    except SignatureRefused as refused:
        raise StatementRefused(f"statement-{refused.fault.value}") from refused
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise StatementRefused("statement-malformed") from error
    if statement.authority != member.authority:
        raise StatementRefused("statement-issuer")
    if at.timestamp() > statement.expires.timestamp() + SKEW:
        raise StatementRefused("statement-expired")
    return statement


def _read(payload: Mapping[str, Any]) -> Statement:
    if (payload["derivation"], payload["elements"]) != (DERIVATION, ELEMENTS):
        raise ValueError("derivation")
    setups: Sequence[Mapping[str, Any]] = payload["setups"]
    return Statement(
        authority=AuthorityCode(payload["iss"]),
        key_id=_matching(_KEY, payload["key"]),
        made_at=datetime.fromtimestamp(payload["made"], UTC),
        expires=datetime.fromtimestamp(payload["exp"], UTC),
        setups={Kind(one["kind"]): _matching(_DIGEST, one["digest"]) for one in setups},
    )


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("form")
    return value
