"""What goes back to whoever asked: the data, or in our own words why there is none."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import DirectoryError
from gateway.logs import loggable, places

log = logging.getLogger("gateway.reply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error as it is told."""

    code: str
    message: str
    retry_after: float | None = None
    status: int | None = None
    """The HTTP status, where it is another than the code's."""
    challenge: str = DirectoryError.challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back: the data, or why there is none."""

    data: Mapping[str, Any] | None
    errors: tuple[Problem, ...] = ()
    entry: int | None = None
    """The number of the entry in the ledger, where there is one."""


def problem_of(error: DirectoryError) -> Problem:
    """Return what is told of an error."""
    return Problem(
        code=error.code,
        message=error.message,
        status=error.status,
        retry_after=error.retry_after,
        challenge=error.challenge,
    )


def reply_of(data: Mapping[str, Any] | None, error: DirectoryError | None) -> Reply:
    """Return the reply with this data or, where there is an error, with what is told of it and nothing else."""
    return Reply(data=data) if error is None else Reply(data=None, errors=(problem_of(error),))


def unexpected(error: Exception, request_id: str) -> DirectoryError:
    """Return what is told of a defect, and log where it is."""
    # The exception's own words may hold what was being loaded, so only its type and the places are logged.
    log.error("unexpected %s: request %s: %s", type(error).__name__, loggable(request_id), places(error))
    return DirectoryError("Unexpected error.", reason=f"unexpected:{type(error).__name__}")
