"""Signing the ledger: about once a second one of the gateways signs the head of the tree.

Whoever gets the turn checks that the tree still is what was signed before: by whichever gateway, as the database has
it, and by this one, as it remembers. If it is not, this gateway signs nothing any more and says so.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.errors import SourceFailed
from gateway.ledger.checkpoint import Checkpoint, read_checkpoint, trusted
from gateway.ledger.closing import read_closing
from gateway.ledger.merkle import TreeHead
from gateway.ledger.notes import MalformedNote, Note, SigningKey
from gateway.ledger.tree import HEIGHT, WIDTH, GrowingTiles, HashSource, Tile, TreeDamaged, growing_from, head_at

READ_AT_ONCE: Final = 1_024
"""Hashes to a statement: what a reader that stopped has not taken fits the wire's buffers, so its session is ended."""
SIGNED_AT_ONCE: Final = 65_536
"""Entries a turn signs at most, so that no turn is long; the rest has its turn at once."""
_MARGIN: Final = 0.1
"""Share of the interval by which a checkpoint may come early, so that turns a hair apart are not all skipped."""

log = logging.getLogger("gateway.ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint as it was kept; `age` is in seconds."""

    id: int
    size: int
    root: bytes
    note: str
    age: float


class Turn(HashSource, Protocol):
    """One gateway's turn to sign: what it keeps is kept, all of it or nothing, when the turn ends."""

    async def newest(self) -> StoredCheckpoint | None:
        """Return the largest checkpoint, the latest of its size; None if nothing was signed yet."""
        ...

    async def next_seq(self) -> int:
        """Return the number that the next entry will have."""
        ...

    async def keep(self, checkpoint: Checkpoint, note: Note, tiles: Sequence[Tile]) -> None:
        """Keep a checkpoint, and the tiles that are full at its size and were not at the last one's."""
        ...


class CheckpointStore(Protocol):
    """Where turns are taken; everything raises `SourceFailed` if the database does not answer."""

    def turn(self) -> AbstractAsyncContextManager[Turn | None]:
        """Lend the turn; None while another gateway has it."""
        ...


@dataclass(slots=True)
class _Followed:
    """How far this gateway has followed the tree: the last multiple of a tile's width, and the head it holds to."""

    head: TreeHead
    tiles: GrowingTiles
    known: Checkpoint | None


class Checkpointer:
    """Signs checkpoints whenever it is this gateway's turn; one to a process."""

    def __init__(
        self, store: CheckpointStore, *, origin: str, keys: Sequence[SigningKey], interval: float = 1.0
    ) -> None:
        """Take the store, the ledger's origin line, the keys that sign, and seconds from checkpoint to checkpoint.

        `origin` is the line of a ledger that was never closed; which one follows stands in the database, signed.
        """
        self._store = store
        self._origin = origin
        self._keys = keys
        self._interval = interval
        self._followed: _Followed | None = None
        self._task: asyncio.Task[None] | None = None
        self.signed_size: int | None = None
        """Size of the checkpoint that this gateway signed last."""
        self.fault: str | None = None
        """Why nothing is signed any more; None while all is well."""

    def start(self, *, after_turn: Callable[[], Awaitable[None]] | None = None) -> None:
        """Begin to take turns; `after_turn` is called after each, whoever had it."""
        self._task = asyncio.create_task(self._take_turns(after_turn), name="ledger-checkpoints")

    async def close(self) -> None:
        """Stop, and sign what was written last if it can be done at once."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self.fault is None:
            with suppress(SourceFailed, TimeoutError):
                async with asyncio.timeout(self._interval + 1):
                    while await self._safely(hurried=True):
                        pass

    async def _take_turns(self, after_turn: Callable[[], Awaitable[None]] | None) -> None:
        answered = True
        while True:
            more = False
            try:
                if self.fault is None:
                    more = await self._safely()
                if after_turn is not None:
                    await after_turn()
                answered = True
            except SourceFailed as error:
                if answered:
                    log.warning("the ledger is not signed for now: %s", error.reason)
                answered = False
            await asyncio.sleep(0 if more else self._interval)

    async def _safely(self, *, hurried: bool = False) -> bool:
        try:
            return await self.take_turn(hurried=hurried)
        except TreeDamaged as damaged:
            self.fault = str(damaged)
            log.error("NOTHING IS SIGNED ANY MORE: %s Run `gateway ledger verify`.", self.fault)
            return False

    async def take_turn(self, *, hurried: bool = False) -> bool:
        """Sign the head if it is this gateway's turn and it is time, and return whether more is to be signed at once.

        `hurried` signs before the interval is over.

        Raises:
            TreeDamaged: The tree is not the one that was signed before.
            SourceFailed: The database did not answer; nothing that was signed was kept, or it will be found there.
        """
        async with self._store.turn() as turn:
            if turn is None:
                return False
            stored = await turn.newest()
            due = hurried or stored is None or stored.age >= self._interval * (1 - _MARGIN)
            if not due and self._followed is not None:
                return False
            followed, signed = await self._follow(turn, stored)
        # Remembered only once it is kept: what a broken turn has signed was never shown to anybody.
        self._followed = followed
        return signed == SIGNED_AT_ONCE

    async def _follow(self, turn: Turn, stored: StoredCheckpoint | None) -> tuple[_Followed, int]:
        told, origin = self._told(stored)
        followed = self._followed or await self._begun(turn, told)
        remembered = followed.known
        if remembered is not None and (told is None or told.size < remembered.size):
            raise TreeDamaged(
                f"This gateway knows a checkpoint of {remembered.size} entries, and the database has none as large."
            )
        signed_to = told.size if told is not None else 0
        end = min(await turn.next_seq(), signed_to + SIGNED_AT_ONCE)
        for known in (told, remembered):
            if known is not None and end < known.size:
                raise TreeDamaged(f"{known.size} entries were signed, and only {end} are there.")
        walk = _Walk(followed, held_to=[known for known in (remembered, told) if known is not None], new_from=signed_to)
        await walk.to(end, turn)
        checkpoint = Checkpoint(origin=origin, size=end, root=walk.head.root)
        keys = [key for key in self._keys if key.verifier.name == origin]
        if not keys:
            raise TreeDamaged(f"None of this gateway's keys is of the name {origin}.")
        if told is None or stored is None or end > signed_to or _lacks_a_signature(stored, told, checkpoint, keys):
            await turn.keep(checkpoint, checkpoint.signed(keys), walk.filled)
            self.signed_size = end
        return _Followed(head=walk.base, tiles=walk.base_tiles, known=checkpoint), end - signed_to

    def _told(self, stored: StoredCheckpoint | None) -> tuple[Checkpoint | None, str]:
        """Return the stored checkpoint once it is found to be one that this ledger's keys signed, and the origin now.

        That is the checkpoint's own, or the one that follows it where it closes its name.
        """
        if stored is None:
            return None, self._origin
        try:
            checkpoint, note = read_checkpoint(stored.note)
        except MalformedNote:
            raise TreeDamaged("The newest checkpoint in the database cannot be read.") from None
        closing = read_closing(stored.note)
        origin = checkpoint.origin if closing is None else closing.successor.name
        keys = [key.verifier for key in self._keys if key.verifier.name == origin]
        if closing is not None and not keys:
            raise TreeDamaged(
                f"The ledger was closed at {checkpoint.size} entries and goes on as {origin}; none of this gateway's "
                "keys is of that name."
            )
        if not trusted(note, keys):
            raise TreeDamaged(
                "The newest checkpoint in the database is signed by none of this gateway's keys; a new key signs "
                "beside the old one for a while."
            )
        if (checkpoint.size, checkpoint.root) != (stored.size, stored.root):
            raise TreeDamaged("The newest checkpoint in the database is not the one that was signed.")
        return checkpoint, origin

    @staticmethod
    async def _begun(turn: Turn, told: Checkpoint | None) -> _Followed:
        held = 0 if told is None else told.size
        size = held - held % WIDTH
        head = await head_at(turn, size, held=held)
        return _Followed(head=head, tiles=await growing_from(turn, size), known=None)


class _Walk:
    """Goes over the hashes of entries from the last full tile on, past every head that was signed before."""

    def __init__(self, followed: _Followed, *, held_to: Sequence[Checkpoint], new_from: int) -> None:
        self.head, self.base = followed.head.copy(), followed.head
        self._tiles, self.base_tiles = followed.tiles.copy(), followed.tiles
        self._held_to = {known.size: [one for one in held_to if one.size == known.size] for known in held_to}
        self._new_from = new_from
        self.filled: list[Tile] = []

    async def to(self, end: int, source: HashSource) -> None:
        """Walk to a size.

        Raises:
            TreeDamaged: A head is not the one that was signed, or entries are not there.
        """
        self._check()
        for first, until in _stretches(self.head.size, end):
            hashes = await source.leaf_hashes(first, until)
            if len(hashes) != until - first:
                raise TreeDamaged(f"Entries from {first} to {until - 1} are not all there.")
            for at in range(0, len(hashes), WIDTH):
                self._take_tile(hashes[at : at + WIDTH])

    def _take_tile(self, hashes: Sequence[bytes]) -> None:
        """Take what is there of one tile; a whole one, within which nothing was signed, by its root."""
        end = self.head.size + WIDTH
        if len(hashes) < WIDTH or any(self.head.size < size < end for size in self._held_to):
            for found in hashes:
                self._take(found)
            return
        filled = self._tiles.append_whole(hashes)
        self.head.append_node(HEIGHT, filled[0].root)
        self._taken(filled)

    def _take(self, found: bytes) -> None:
        self.head.append(found)
        self._taken(self._tiles.append(found))

    def _taken(self, filled: Sequence[Tile]) -> None:
        if self.head.size > self._new_from:
            self.filled += filled
        if filled:
            self.base, self.base_tiles = self.head.copy(), self._tiles.copy()
        self._check()

    def _check(self) -> None:
        for known in self._held_to.get(self.head.size, ()):
            if known.root != self.head.root:
                raise TreeDamaged(f"The first {known.size} entries are not those that were signed.")


def _lacks_a_signature(
    stored: StoredCheckpoint, told: Checkpoint, checkpoint: Checkpoint, keys: Sequence[SigningKey]
) -> bool:
    note = Note.parse(stored.note)
    return told.origin != checkpoint.origin or not all(note.signed_by(key.verifier) for key in keys)


def _stretches(first: int, end: int) -> Iterator[tuple[int, int]]:
    for begin in range(first, end, READ_AT_ONCE):
        yield begin, min(begin + READ_AT_ONCE, end)
