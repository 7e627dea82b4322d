"""What a reply of another authority's gateway says: an answer, a refusal, or that it could not answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from connectors.peer_wire import Heard, NoAnswer
from gateway.errors import CannotProceed, DirectoryError, Overloaded, SourceFailed
from gateway.federation.asking import LEDGER_ENTRY
from gateway.vocabulary import SourceStatus

_ENTRY: Final = re.compile(r"(?P<number>[0-9]{1,18}) (?P<leaf>[0-9a-f]{64})")


def _codes(error: type[DirectoryError] = DirectoryError) -> frozenset[str]:
    return frozenset({error.code}).union(*map(_codes, error.__subclasses__()))


_FAILED_THERE: Final = _codes(SourceFailed) | _codes(CannotProceed) | {DirectoryError.code}
"""Codes by which a gateway says that it could not answer; every other code says that it would not."""

_AT_ONCE: Final = _FAILED_THERE - {DirectoryError.code, Overloaded.code}
"""Those of them after which another attempt may come to more; of the others it would only make matters worse."""

_KNOWN: Final = _codes()
_OTHER: Final = "OTHER"
"""Stands for a code of no gateway like this one: what is counted by reason must not be the other side's to invent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt came to."""

    status: SourceStatus
    reason: str
    again: bool = False
    as_of: datetime | None = None
    data: Mapping[str, Any] | None = None
    entry: tuple[int, str] | None = None


def judged(reply: Heard) -> Outcome:
    """Return what a reply says.

    Raises:
        NoAnswer: It says nothing that could be read, or that the peer could not answer.
    """
    try:
        document = orjson.loads(reply.content)
    except orjson.JSONDecodeError as error:
        raise NoAnswer("peer-malformed", again=False) from error
    if not isinstance(document, dict):
        raise NoAnswer("peer-malformed", again=False)
    if document.get("errors"):
        return replace(_not_answered(_code(document["errors"])), entry=_entry(reply))
    data = document.get("data")
    if reply.status != 200 or not isinstance(data, dict):
        raise NoAnswer("peer-malformed", again=False)
    return Outcome(status=SourceStatus.ANSWERED, reason="answered", as_of=_as_of(reply), data=data, entry=_entry(reply))


def _not_answered(code: str | None) -> Outcome:
    if code is None:
        raise NoAnswer("peer-malformed", again=False)
    if code in _FAILED_THERE:
        raise NoAnswer(f"peer-failed:{code}", again=code in _AT_ONCE)
    return Outcome(status=SourceStatus.REFUSED, reason=f"peer-refused:{code}")


def _code(errors: object) -> str | None:
    """Return the code of the first error, or None where there is none."""
    try:
        code = errors[0]["extensions"]["code"]  # type: ignore[index]  # whatever is not so is caught
    except (LookupError, TypeError):
        return None
    if not isinstance(code, str):
        return None
    return code if code in _KNOWN else _OTHER


def _entry(reply: Heard) -> tuple[int, str] | None:
    """Return the number and leaf hash of the entry that the other side says it made of the call."""
    match = _ENTRY.fullmatch(reply.headers.get(LEDGER_ENTRY, ""))
    return None if match is None else (int(match["number"]), match["leaf"])


def _as_of(reply: Heard) -> datetime | None:
    try:
        moment = datetime.fromisoformat(reply.headers.get("answered-at", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
