"""Whether a ledger is what was signed: every finding with a sentence of its own, naming the first bad entry.

Entries are checked in stretches, one after the other or by several processes; what joins them is here. Memory does not
grow with the entries, only with the checkpoints.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gateway.ledger.canonical import leaf_hash
from gateway.ledger.checkpoint import Checkpoint, read_checkpoint
from gateway.ledger.merkle import Node, TreeHead, nodes_of
from gateway.ledger.notes import MalformedNote, Note, VerifierKey
from gateway.ledger.opening import NOTHING_SAID, KeysSpokenOf, keys_spoken_of
from gateway.ledger.reading import Finding, IndexedEntry, SequenceCheck
from gateway.ledger.stored import StoredEntry
from gateway.ledger.tree import WIDTH, GrowingTiles, Tile


class Trouble(StrEnum):
    """What can be found."""

    GAP = "gap"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out-of-order"
    HASH_MISMATCH = "hash-mismatch"
    MALFORMED = "malformed"
    MISNUMBERED = "misnumbered"
    INDEX_DISAGREES = "index-disagrees"
    TREE_DISAGREES = "tree-disagrees"
    TAIL_CUT = "tail-cut"
    FORK = "fork"
    REPLAYED_HEAD = "replayed-head"
    TILE_DISAGREES = "tile-disagrees"
    BAD_SIGNATURE = "bad-signature"
    UNKNOWN_KEY = "unknown-key"
    UNSIGNED = "unsigned"
    NOT_COSIGNED = "not-cosigned"
    BAD_CHECKPOINT = "bad-checkpoint"
    KEY_LOST = "key-lost"
    KEY_CHANGED = "key-changed"
    ERASURE_UNFINISHED = "erasure-unfinished"
    COMMITMENTS_CLOSED = "commitments-closed"
    CHANGE_UNTOLD = "change-untold"


EXIT_CODES: Final[Mapping[Trouble, int]] = {trouble: code for code, trouble in enumerate(Trouble, start=10)}

_ENTRIES: Final[Mapping[Trouble, str]] = {
    Trouble.GAP: "Entry {seq} is missing ({count} are)",
    Trouble.DUPLICATE: "Entry {seq} is there twice",
    Trouble.OUT_OF_ORDER: "Entry {seq} stands after a later one",
    Trouble.HASH_MISMATCH: "Entry {seq} is not the one that its hash was made of: it was edited ({count} are)",
    Trouble.MALFORMED: "Entry {seq} is not an entry in canonical form ({count} are not)",
    Trouble.MISNUMBERED: "Entry {seq} says that it has another number ({count} do)",
    Trouble.INDEX_DISAGREES: "The index says something else than entry {seq} ({count} entries)",
}
_EXACT: Final = frozenset(_ENTRIES) | {Trouble.TILE_DISAGREES}
"""What names one entry; what is found about a whole tree follows from it, and is told after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding."""

    trouble: Trouble
    sentence: str
    first_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Entries from `first` on that were checked by themselves, with the hashes of what is there, joined."""

    first: int
    next_seq: int
    hashes: bytes
    findings: tuple[Finding, ...]
    keys: KeysSpokenOf = NOTHING_SAID


def check_stretch(entries: Iterable[StoredEntry | IndexedEntry], *, first: int) -> Stretch:
    """Return what is wrong with entries that should follow each other from `first` on."""
    check = SequenceCheck(first=first)
    hashes = bytearray()

    def documents() -> Iterator[Mapping[str, Any]]:
        for entry in entries:
            if isinstance(entry, IndexedEntry):
                document = check.take_indexed(entry)
                hashes.extend(leaf_hash(entry.stored.entry))
            else:
                document = check.take(entry)
                hashes.extend(leaf_hash(entry.entry))
            if document is not None:
                yield document

    keys = keys_spoken_of(documents())
    return Stretch(first=first, next_seq=check.last_seq + 1, hashes=bytes(hashes), findings=check.findings, keys=keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A head that the entries should have, and who says so."""

    checkpoint: Checkpoint
    source: str
    own: bool
    """Whether the ledger itself brought it; otherwise somebody else held it."""


class Verification:
    """Takes stretches in their order and heads before the entries they cover, and says what was found."""

    def __init__(self, *, keys: Sequence[VerifierKey], first: int = 0, left: Sequence[bytes] = ()) -> None:
        """Take the keys whose signatures count, and where the entries begin with the hashes of what is before.

        Raises:
            ValueError: The hashes are not as many as the place takes.
        """
        self._keys = keys
        self._head = _head_of(nodes_of(0, first), left)
        self._tiles = GrowingTiles(first) if first == 0 else None
        self._loose: list[bytes] = []
        self._claims: dict[int, list[Claim]] = {}
        self._agreed: Claim | None = None
        self._refuted: list[Claim] = []
        self._numbers: dict[Trouble, tuple[int, int]] = {}
        self._found: list[Found] = []
        self.next_seq = first
        self.keys = NOTHING_SAID

    @property
    def findings(self) -> tuple[Found, ...]:
        """Return what was found: what names an entry before what follows from it, the earliest first."""
        numbered = [
            Found(
                trouble=trouble,
                sentence=_ENTRIES[trouble].format(seq=f"{seq:,}", count=f"{count:,}") + ".",
                first_seq=seq,
            )
            for trouble, (seq, count) in self._numbers.items()
        ]
        return tuple(sorted([*numbered, *self._found], key=lambda one: (one.trouble not in _EXACT, one.first_seq)))

    def add(self, trouble: Trouble, sentence: str, *, first_seq: int = 0) -> None:
        """Note a finding; each kind is noted once, where it was found first."""
        if all(one.trouble is not trouble for one in self._found):
            self._found.append(Found(trouble=trouble, sentence=sentence, first_seq=first_seq))

    def trust(self, keys: Sequence[VerifierKey]) -> None:
        """Count the signatures of these keys from now on."""
        self._keys = keys

    def signed(self, note: str, *, source: str, origin: str | None = None) -> tuple[Checkpoint, Note] | None:
        """Return a checkpoint with its note if one of the keys signed it; else say what is wrong with it."""
        try:
            checkpoint, opened = read_checkpoint(note)
        except MalformedNote as error:
            self.add(Trouble.BAD_CHECKPOINT, f"The checkpoint {source} cannot be read: {error}.")
            return None
        if origin is not None and checkpoint.origin != origin:
            self.add(Trouble.BAD_CHECKPOINT, f"The checkpoint {source} is of another ledger: {checkpoint.origin}.")
            return None
        if any(opened.forged_for(key) for key in self._keys):
            self.add(
                Trouble.BAD_SIGNATURE,
                f"The checkpoint {source} over {checkpoint.size:,} entries has a false signature.",
            )
            return None
        if not any(opened.signed_by(key) for key in self._keys):
            self.add(
                Trouble.UNKNOWN_KEY,
                f"The checkpoint {source} over {checkpoint.size:,} entries is signed by none of the keys given: the "
                "key was swapped, or it is not the ledger's.",
            )
            return None
        return checkpoint, opened

    def cosigned(self, note: Note, witnesses: Sequence[VerifierKey], *, size: int) -> None:
        """Say which witnesses did not sign a checkpoint."""
        for witness in witnesses:
            if not note.signed_by(witness):
                false = " (the line that claims it is false)" if note.forged_for(witness) else ""
                self.add(
                    Trouble.NOT_COSIGNED,
                    f"The checkpoint over {size:,} entries is not cosigned by {witness.name}{false}.",
                )

    def claim(self, claim: Claim) -> None:
        """Expect a head at its size; only sizes that are still to come are compared."""
        size = claim.checkpoint.size
        if size == self.next_seq and not self._loose:
            self._compare(claim, self._head.root)
        else:
            self._claims.setdefault(size, []).append(claim)

    def take(self, stretch: Stretch) -> Sequence[Tile]:
        """Take the next stretch and return the tiles that it filled, of entries taken from the first on."""
        for finding in stretch.findings:
            self._number(Trouble(finding.damage.value), finding.first_seq, finding.entries)
        filled: list[Tile] = []
        for at in range(0, len(stretch.hashes), 32):
            filled += self._take(stretch.hashes[at : at + 32])
        self.next_seq = max(self.next_seq, stretch.next_seq)
        self.keys |= stretch.keys
        return filled

    def missing(self, first: int, end: int) -> None:
        """Note that entries are not there."""
        self._number(Trouble.GAP, first, end - first)

    def misplaced(self, seq: int, *, expected: int) -> None:
        """Note that a stretch begins at another number than the one before it ended at."""
        if seq > expected:
            self._number(Trouble.GAP, expected, seq - expected)
        elif seq == expected - 1:
            self._number(Trouble.DUPLICATE, seq, 1)
        else:
            self._number(Trouble.OUT_OF_ORDER, seq, 1)

    def indexed_beyond(self, seq: int) -> None:
        """Note that the index knows of an entry beyond the last."""
        self._number(Trouble.INDEX_DISAGREES, seq, 1)

    def finish(self, *, end: int, size: int, right: Sequence[bytes] = ()) -> None:
        """Compare the heads beyond the last entry, which should be before `end`.

        `right` are the hashes of what follows the last entry in the tree of this size; none of a whole ledger.

        Raises:
            ValueError: The hashes are not as many as the place takes.
        """
        self._settle()
        if self._head.size == end:
            for node, found in _paired(nodes_of(end, size), right):
                self._head.append_node(node[0], found)
        elif self.next_seq < end:
            self._cut(f"Entries up to {end - 1:,} should be there", self.next_seq)
        for claimed in sorted(self._claims):
            for claim in self._claims[claimed]:
                if claimed == self._head.size:
                    self._compare(claim, self._head.root)
                elif claimed > max(self.next_seq, size):
                    self._cut(f"{claimed:,} entries were signed {claim.source}", self.next_seq)
        self._judge()

    @property
    def reached(self) -> int:
        """Return how many hashes were taken, whatever their numbers."""
        return self._head.size + len(self._loose)

    def _take(self, found: bytes) -> Sequence[Tile]:
        filled = [] if self._tiles is None else self._tiles.append(found)
        self._loose.append(found)
        reached = self.reached
        if reached in self._claims or reached % WIDTH == 0 or self._head.size % WIDTH:
            self._settle(filled)
            for claim in self._claims.pop(reached, ()):
                self._compare(claim, self._head.root)
        return filled

    def _settle(self, filled: Sequence[Tile] = ()) -> None:
        # A whole tile's root is known already; its leaves need not be hashed together again.
        if len(self._loose) == WIDTH and filled and self._head.size % WIDTH == 0:
            self._head.append_node(8, filled[0].root)
        else:
            for found in self._loose:
                self._head.append(found)
        self._loose.clear()

    def _compare(self, claim: Claim, root: bytes) -> None:
        if claim.checkpoint.root != root:
            self._refuted.append(claim)
        elif self._agreed is None or claim.checkpoint.size >= self._agreed.checkpoint.size:
            self._agreed = claim

    def _cut(self, expected: str, seq: int) -> None:
        sure = 0 if self._agreed is None else self._agreed.checkpoint.size
        how = "the tail was cut"
        if sure < seq:
            how += f", or entries from {sure:,} on were taken out and the rest renumbered"
        self.add(Trouble.TAIL_CUT, f"{expected}, and they end before {seq:,}: {how}.", first_seq=sure)

    def _judge(self) -> None:
        """Say of heads that disagree whether entries were changed or two histories were signed."""
        for claim in sorted(self._refuted, key=lambda one: one.checkpoint.size):
            size, agreed = claim.checkpoint.size, self._agreed
            if agreed is not None and agreed.own and agreed.checkpoint.size >= size:
                self.add(
                    Trouble.FORK,
                    f"The ledger's keys signed two histories of the first {size:,} entries: the one that is here, and "
                    f"the one {claim.source}.",
                )
                continue
            since = 0 if agreed is None or agreed.checkpoint.size > size else agreed.checkpoint.size
            self.add(
                Trouble.TREE_DISAGREES,
                f"The first {size:,} entries are not those that were signed {claim.source}: one from entry {since:,} "
                f"to {max(since, size - 1):,} was changed, moved or taken out.",
                first_seq=since,
            )

    def _number(self, trouble: Trouble, seq: int, count: int) -> None:
        before = self._numbers.get(trouble, (seq, 0))
        self._numbers[trouble] = min(before[0], seq), before[1] + count


def _head_of(nodes: Sequence[Node], hashes: Sequence[bytes]) -> TreeHead:
    return TreeHead([(node[0], found) for node, found in _paired(nodes, hashes)])


def _paired(nodes: Sequence[Node], hashes: Sequence[bytes]) -> Iterable[tuple[Node, bytes]]:
    if len(nodes) != len(hashes):
        raise ValueError("the hashes beside the entries are not as many as their place takes")
    return zip(nodes, hashes, strict=True)
