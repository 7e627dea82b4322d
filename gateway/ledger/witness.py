"""Being a witness: cosigning another ledger's checkpoint once it is shown to continue the one cosigned before.

Source: c2sp.org/tlog-witness.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from gateway.ledger.checkpoint import Checkpoint, hash_of, read_checkpoint, trusted
from gateway.ledger.merkle import EMPTY_ROOT, verify_consistency
from gateway.ledger.notes import MalformedNote, Note, SigningKey, VerifierKey

PROOF_LIMIT: Final = 63
SIZE_TYPE: Final = "text/x.tlog.size"
PLAIN: Final = "text/plain; charset=utf-8"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


class HeldTo(Protocol):
    """What a ledger was cosigned for: the size and root of the largest checkpoint, 0 and None if there is none."""

    size: int
    root: bytes | None

    async def advance(self, checkpoint: Checkpoint, note: str) -> None:
        """Hold the ledger to this checkpoint from now on."""
        ...


class Held(Protocol):
    """Where a witness remembers; everything raises `SourceFailed` if it cannot."""

    def held_to(self, origin: str) -> AbstractAsyncContextManager[HeldTo]:
        """Lend what one ledger is held to, to one asker at a time; it is kept when the loan ends."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessReply:
    """What a witness answers."""

    status: int
    body: str = ""
    media_type: str = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note


class Witness:
    """Cosigns for the ledgers whose keys it was given; a key's name is its ledger's origin."""

    def __init__(
        self, key: SigningKey, *, logs: Sequence[VerifierKey], held: Held, clock: Callable[[], datetime]
    ) -> None:
        """Take the key that cosigns, the keys of the ledgers, and where it remembers."""
        self._key = key
        self._logs: Mapping[str, Sequence[VerifierKey]] = {
            origin: [log for log in logs if log.name == origin] for origin in {log.name for log in logs}
        }
        self._held = held
        self._clock = clock

    @property
    def key(self) -> VerifierKey:
        """Return the public half of the key."""
        return self._key.verifier

    async def add_checkpoint(self, body: bytes) -> WitnessReply:
        """Answer one request to cosign.

        Raises:
            SourceFailed: What the ledger is held to could not be read or kept; nothing was cosigned.
        """
        try:
            ask = _read(body)
        except (MalformedNote, UnicodeDecodeError) as error:
            return WitnessReply(status=400, body=f"{error}\n")
        keys = self._logs.get(ask.checkpoint.origin)
        if keys is None:
            return WitnessReply(status=404, body="This ledger is not witnessed here.\n")
        if not trusted(ask.note, keys):
            return WitnessReply(status=403, body="No signature is of a key that is known for this ledger.\n")
        if ask.old > ask.checkpoint.size:
            return WitnessReply(status=400, body="The old size is larger than the new one.\n")
        return await self._hold(ask)

    async def _hold(self, ask: _Ask) -> WitnessReply:
        new = ask.checkpoint
        async with self._held.held_to(new.origin) as held:
            old_root = held.root or EMPTY_ROOT
            if ask.old != held.size or (new.size == held.size and new.root != old_root):
                return WitnessReply(status=409, body=f"{held.size}\n", media_type=SIZE_TYPE)
            if not verify_consistency(held.size, new.size, old_root, new.root, ask.proof):
                return WitnessReply(status=422, body="The proof does not lead from the old checkpoint to this one.\n")
            if held.root is None or new.size > held.size:
                await held.advance(new, str(ask.note))
        cosignature = self._key.cosign(ask.note.text, at=int(self._clock().timestamp()))
        return WitnessReply(status=200, body=f"{cosignature.line}\n")


def ask_text(old: int, proof: Sequence[str], note: str) -> str:
    """Return the body of a request to cosign; the proof's hashes are in base64."""
    return "".join(f"{line}\n" for line in (f"old {old}", *proof)) + f"\n{note}"


def _read(body: bytes) -> _Ask:
    head, parted, note = body.decode().partition("\n\n")
    first, *hashes = head.split("\n")
    old = _OLD.fullmatch(first)
    if not parted or old is None:
        raise MalformedNote("a request is an old size, a consistency proof, an empty line and a checkpoint")
    if len(hashes) > PROOF_LIMIT:
        raise MalformedNote(f"a consistency proof has at most {PROOF_LIMIT} hashes")
    checkpoint, opened = read_checkpoint(note)
    return _Ask(old=int(old[1]), proof=tuple(hash_of(line) for line in hashes), checkpoint=checkpoint, note=opened)
