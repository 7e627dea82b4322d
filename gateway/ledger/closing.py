"""Closing a ledger's name: the statement that no more is signed under it, and which name goes on.

A database that was put back from a backup has lost entries that were signed. To sign other entries under the same name
would be a fork, and no witness would take part in it. So the name is closed at the size that is left, and the ledger
goes on under another: its tree begins with the same entries. The statement is a checkpoint of the closed name with
more lines, signed by the keys of both names: whoever trusts one of them can trust the others.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.ledger.checkpoint import Checkpoint, origin_of, read_checkpoint
from gateway.ledger.notes import KeyKind, MalformedNote, Note, SigningKey, VerifierKey

_CLOSED: Final = "closed by "
_CONTINUED: Final = "continued by "
_LOST: Final = "signed up to "


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What closes a name: the head that is left, the keys that signed under it, and the key that goes on.

    `signed_to` is the largest size that anybody is known to hold a checkpoint of; None if none is known.
    """

    checkpoint: Checkpoint
    closed: tuple[VerifierKey, ...]
    successor: VerifierKey
    signed_to: int | None = None

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Return the keys of both names."""
        return (*self.closed, self.successor)

    @property
    def sentence(self) -> str:
        """Return what it says."""
        size, last = self.checkpoint.size, self.signed_to
        lost = "" if last is None else f" Entries {size:,} to {last - 1:,} of it were signed and are lost."
        return f"{self.checkpoint.origin} was closed at {size:,} entries and goes on as {self.successor.name}.{lost}"

    def signed(self, keys: Iterable[SigningKey]) -> Note:
        """Return the statement, signed by each key."""
        lines = [*(f"{_CLOSED}{key}" for key in self.closed), f"{_CONTINUED}{self.successor}"]
        if self.signed_to is not None:
            lines.append(f"{_LOST}{self.signed_to}")
        text = self.checkpoint.text + "".join(f"{line}\n" for line in lines)
        return Note(text=text, signatures=tuple(key.sign(text) for key in keys))


def read_closing(note: str) -> Closing | None:
    """Return the statement that a note is, once all keys that it names are found to have signed it; None if none is.

    Nothing says that the keys are anybody's; see `vouched_for`.
    """
    try:
        checkpoint, opened = read_checkpoint(note)
        lines = opened.text.splitlines()[3:]
        closed = tuple(VerifierKey.parse(line.removeprefix(_CLOSED)) for line in lines if line.startswith(_CLOSED))
        following = [VerifierKey.parse(line.removeprefix(_CONTINUED)) for line in lines if line.startswith(_CONTINUED)]
        signed_to = [int(line.removeprefix(_LOST)) for line in lines if line.startswith(_LOST)]
    except ValueError:
        return None
    if not closed or len(following) != 1 or not all(opened.signed_by(key) for key in (*closed, *following)):
        return None
    if {key.name for key in closed} != {checkpoint.origin} or following[0].kind is not KeyKind.LOG:
        return None
    return Closing(
        checkpoint=checkpoint,
        closed=closed,
        successor=following[0],
        signed_to=signed_to[0] if signed_to else None,
    )


def vouched_for(closings: Sequence[Closing], trusted: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the trusted keys, and those that a chain of statements ties to one of them."""
    known = list(trusted)
    for closing in (*closings, *reversed(closings)):
        if any(key in known for key in closing.keys):
            known += [key for key in closing.keys if key not in known]
    return tuple(known)


def numbered_origin(authority: str, number: int) -> str:
    """Return one of the names of an authority's ledger: the first is the plain one."""
    return origin_of(authority) if number == 1 else f"{origin_of(authority)}/{number}"


def number_of(origin: str, authority: str) -> int:
    """Return which of the names of an authority's ledger this is.

    Raises:
        MalformedNote: It is none.
    """
    number = origin.removeprefix(f"{origin_of(authority)}/")
    found = int(number) if re.fullmatch(r"[1-9][0-9]{0,8}", number) else 1
    if numbered_origin(authority, found) != origin:
        raise MalformedNote("a ledger is named after its authority, with a number from 2 on after it was closed")
    return found
