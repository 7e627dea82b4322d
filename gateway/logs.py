"""Log lines: JSON for machines or a readable line for people, never with anybody's data in them.

What our own code says is written as it is said; it says codes and places. What other packages say is not: their words
may hold what they were given, so only where it was said, and of an exception its type and places, is kept.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from hashlib import sha256
from os import getpid
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final, TextIO

import orjson

OURS: Final = "gateway"
"""What the names of our own loggers begin with."""

REQUEST: Final[ContextVar[str | None]] = ContextVar("request", default=None)
"""The request under way, as log lines may name it."""

CAUSES: Final = 5
"""Causes of one exception that are told of at most."""

_DRAWN = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def loggable(request_id: str) -> str:
    """Return a request's id where it is a UUID, and otherwise six digits of its SHA-256: a client may type anything."""
    if _DRAWN.fullmatch(request_id):
        return request_id
    return f"~{sha256(request_id.encode()).hexdigest()[:6]}"


def places(error: BaseException) -> str:
    """Return where an exception came from, innermost first; its words may hold what was being worked on."""
    frames = list(walk_tb(error.__traceback__))
    return " < ".join(f"{frame.f_code.co_name}:{line}" for frame, line in reversed(frames))


def configure(*, machine: bool, level: str, stream: TextIO | None = None) -> None:
    """Write all log lines of this process to a stream (standard error), in one form; call once."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_MachineLines() if machine else _ReadableLines())
    handler.addFilter(_wanted)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _not_caught
    sys.unraisablehook = lambda told: _not_caught(told.exc_type, told.exc_value, told.exc_traceback)
    threading.excepthook = lambda told: _not_caught(told.exc_type, told.exc_value, told.exc_traceback)


def _wanted(record: logging.LogRecord) -> bool:
    return _ours(record) or record.levelno >= logging.WARNING


def _ours(record: logging.LogRecord) -> bool:
    return record.name == OURS or record.name.startswith(f"{OURS}.")


def _not_caught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(OURS).critical("not caught", exc_info=(kind, error or kind(), trace))


def _said(record: logging.LogRecord) -> str:
    if _ours(record):
        return record.getMessage()
    return f"said at {record.module}:{record.lineno}"


def _errors(record: logging.LogRecord) -> Iterator[tuple[str, str]]:
    """Yield type and places of an exception and of what caused it."""
    error = record.exc_info[1] if record.exc_info else None
    for _ in range(CAUSES):
        if error is None:
            return
        yield type(error).__name__, places(error)
        error = error.__cause__ or error.__context__


class _MachineLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": _said(record),
            "process": getpid(),
        }
        request, errors = REQUEST.get(), [{"type": kind, "places": where} for kind, where in _errors(record)]
        if request is not None:
            line["request"] = request
        if errors:
            line["errors"] = errors
        return orjson.dumps(line).decode()


class _ReadableLines(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        request = REQUEST.get()
        named = "" if request is None else f" [{request}]"
        lines = [f"{at} {record.levelname.lower()} {record.name}: {_said(record)}{named}"]
        lines += [f"  {kind}: {where}" for kind, where in _errors(record)]
        return "\n".join(lines)
