"""Files of a feed: read whole, named without what their names may give away, cut into rows that stand alone."""

import csv
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.feeds.outcome import FeedUnreadable

_DIGITS = re.compile(r"\d{4,}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFile:
    """The bytes of a file; `name` has its numbers struck out, because people name files after whom they are about."""

    name: str
    content: bytes

    @property
    def sha256(self) -> bytes:
        """Return the digest by which a replay is known."""
        return hashlib.sha256(self.content).digest()


def read_file(path: Path, *, number: int | None = None) -> FeedFile:
    """Read a file; `number` goes before its name where there are several, whose names may look alike.

    Raises:
        FeedUnreadable: It is not there, empty, or not text.
    """
    name = _DIGITS.sub("…", path.name) if number is None else f"{number}. {_DIGITS.sub('…', path.name)}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(name, "file-missing", "The file cannot be opened.") from error
    if not content.strip():
        raise unreadable(name, "file-empty", "The file is empty.")
    if _CONTROL.search(content):
        raise unreadable(name, "file-binary", "The file is not text.")
    return FeedFile(name=name, content=content)


def unreadable(name: str, reason: str, message: str) -> FeedUnreadable:
    """Return the error for a whole file."""
    return FeedUnreadable(f"{name}: {message} ({reason})", reason=reason)


def read_rows(file: FeedFile, *, encoding: str) -> list[tuple[int, list[str] | None]]:
    """Return (line from 1, cells) of each line that is not blank; cells are None where the line cannot be read.

    Every line is read on its own, so that a stray quotation mark spoils one row and not all that follow.

    Raises:
        FeedUnreadable: The file is in another encoding.
    """
    rows: list[tuple[int, list[str] | None]] = []
    for number, line in enumerate(_decode(file, encoding).split("\n"), 1):
        if line.strip():
            rows.append((number, _cells(line.rstrip("\r"))))
    return rows


def read_json(file: FeedFile) -> Any:
    """Return the document.

    Raises:
        FeedUnreadable: It is not JSON in UTF-8.
    """
    try:
        return json.loads(file.content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # The parser's words quote the document, so they go no further.
        raise unreadable(file.name, "file-not-json", "The file is not JSON in UTF-8.") from None


def _decode(file: FeedFile, encoding: str) -> str:
    wrong = unreadable(file.name, "file-encoding", f"The file is not in the encoding of this feed, {encoding}.")
    if encoding == "cp1252" and not file.content.isascii() and _is_utf8(file.content):
        raise wrong  # any UTF-8 can be read as cp1252, into other letters than were meant
    try:
        return file.content.decode(encoding)
    except UnicodeDecodeError:
        raise wrong from None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cells(line: str) -> list[str] | None:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        return None
