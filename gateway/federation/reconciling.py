"""Compare what two authorities recorded of the calls between them: each call stands in both ledgers, or one lacks it.

An asking side's entry holds number and leaf hash of the entry that the other made of the call, which holds what the
asking side had committed its own to; both hold the request id. What is exchanged to compare is that and nothing else:
no person, no child, no question.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from gateway.ledger.beginning import COMMITMENT, commitment_to
from gateway.ledger.sealing import decoded
from gateway.ledger.stored import StoredEntry

LEAF_BYTES: Final = 32


class Part(StrEnum):
    """Which part an authority had in a call."""

    ASKED = "asked"
    ANSWERED = "answered"


class Fault(StrEnum):
    """What is wrong with a call."""

    LACKED_BY_ANSWERING = "lacked-by-answering"
    """The asking side holds the hash of an entry that the answering side does not have."""
    OTHER_ENTRY = "other-entry"
    """The answering side has another entry under the number that it gave."""
    LACKED_BY_ASKING = "lacked-by-asking"
    """The answering side has an entry of a call that the asking side does not have."""
    TWO_ENTRIES = "two-entries"
    """The answering side has stated two entries under one number."""
    OTHER_ASKING_ENTRY = "other-asking-entry"
    """The entry of the asking side is not the one that it committed to before it asked."""


class CallsUnreadable(Exception):
    """A file of calls is none; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as one side recorded it; `there` is the other side's entry, as far as the asking side was told it.

    `commitment` is the one to the asking side's entry: made again from it, or what the answering side was given;
    `None` in what an older release has written or asked.
    """

    part: Part
    request_id: str
    number: int
    leaf: str
    there: tuple[int, str] | None = None
    commitment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A call that the two sides have recorded differently; `number` is the entry's in the ledger of who has it."""

    fault: Fault
    asking: str
    answering: str
    request_id: str
    number: int


def calls_in(entries: Iterable[StoredEntry], *, other: str) -> Iterator[Call]:
    """Return the calls with another authority among a ledger's entries, in their order."""
    needle = f'"{other}"'.encode()
    for stored in entries:
        if needle in stored.entry:
            yield from _calls(stored, other)


def _calls(stored: StoredEntry, other: str) -> Iterator[Call]:
    document = orjson.loads(stored.entry)
    leaf = stored.leaf_hash.hex()
    caller: Mapping[str, Any] = document["caller"] or {}
    if caller.get("peer") == other:
        yield Call(
            part=Part.ANSWERED,
            request_id=document["request_id"],
            number=stored.seq,
            leaf=leaf,
            commitment=caller.get("commitment"),
        )
        return
    for source in document["sources"]:
        if source["authority"] == other:
            entry = source.get("entry")
            yield Call(
                part=Part.ASKED,
                request_id=document["request_id"],
                number=stored.seq,
                leaf=leaf,
                there=None if entry is None else (entry["number"], entry["leaf"]),
                commitment=commitment_to(document),
            )


def line_of(call: Call) -> bytes:
    """Return a call as a line of a file of calls."""
    return orjson.dumps(asdict(call)) + b"\n"


def read_calls(lines: Iterable[bytes]) -> Iterator[Call]:
    """Return the calls in a file of them.

    Raises:
        CallsUnreadable: A line is no call.
    """
    for number, line in enumerate(lines, start=1):
        try:
            said = orjson.loads(line)
            there = said["there"]
            yield Call(
                part=Part(said["part"]),
                request_id=str(said["request_id"]),
                number=int(said["number"]),
                leaf=_leaf(said["leaf"]),
                there=None if there is None else (int(there[0]), _leaf(there[1])),
                commitment=_commitment(said.get("commitment")),
            )
        except (ValueError, TypeError, LookupError) as error:
            raise CallsUnreadable(f"line {number} holds no call") from error


def _leaf(value: object) -> str:
    """Return the hash of an entry as text; raises `ValueError` where it is none."""
    leaf = str(value)
    if len(bytes.fromhex(leaf)) != LEAF_BYTES:
        raise ValueError("leaf")
    return leaf


def _commitment(value: object) -> str | None:
    """Return a commitment as text, or `None` as an older release has it; raises `ValueError` where it is none."""
    if value is not None and not COMMITMENT.fullmatch(str(value)):
        raise ValueError("commitment")
    return None if value is None else str(value)


class Reconciliation:
    """Takes the calls of both sides in any order, then says how they differ."""

    def __init__(self, *, ours: str, theirs: str) -> None:
        """Compare two authorities' calls."""
        self._directions = (_Direction(ours, theirs), _Direction(theirs, ours))
        self._ours = ours

    def take(self, call: Call, *, of: str) -> None:
        """Take a call as one of the two recorded it."""
        asks, answers = self._directions if of == self._ours else self._directions[::-1]
        if call.part is Part.ASKED:
            asks.asked(call)
        else:
            answers.answered(call)

    @property
    def calls(self) -> int:
        """Return how many calls either side recorded."""
        return sum(direction.calls for direction in self._directions)

    @property
    def uncommitted(self) -> int:
        """Return of how many calls that both have a side states no commitment, as older releases do not."""
        return sum(direction.uncommitted for direction in self._directions)

    def differences(self) -> Iterator[Difference]:
        """Return each call that one side lacks, or has otherwise."""
        for direction in self._directions:
            yield from direction.differences()


class _Direction:
    """The calls of one authority to the other; a call is kept in some hundred bytes."""

    def __init__(self, asking: str, answering: str) -> None:
        self.asking, self.answering = asking, answering
        # What the entries of each request commit to: of an ask that was repeated under its id there are several.
        self._requests: dict[str, tuple[bytes | None, ...]] = {}
        # By the number of the entry there; two calls that claim one entry are both looked at.
        self._told: set[tuple[int, str, bytes]] = set()
        self._entries: dict[int, tuple[str, bytes, bytes | None]] = {}
        self._doubled: set[tuple[int, str]] = set()

    @property
    def calls(self) -> int:
        return len(self._requests.keys() | {request for request, _, _ in self._entries.values()})

    @property
    def uncommitted(self) -> int:
        held = ((self._requests.get(request), commitment) for request, _, commitment in self._entries.values())
        return sum(asked is not None and (commitment is None or None in asked) for asked, commitment in held)

    def asked(self, call: Call) -> None:
        known, commitment = self._requests.get(call.request_id, ()), _packed(call.commitment)
        if commitment not in known:
            self._requests[call.request_id] = (*known, commitment)
        if call.there is not None:
            number, leaf = call.there
            self._told.add((number, call.request_id, bytes.fromhex(leaf)))

    def answered(self, call: Call) -> None:
        entry = (call.request_id, bytes.fromhex(call.leaf), _packed(call.commitment))
        if self._entries.setdefault(call.number, entry) != entry:
            self._doubled.add((call.number, call.request_id))

    def differences(self) -> Iterator[Difference]:
        for number, request_id, leaf in sorted(self._told):
            held = self._entries.get(number)
            if held is None:
                yield self._difference(Fault.LACKED_BY_ANSWERING, request_id, number)
            elif held[:2] != (request_id, leaf):
                yield self._difference(Fault.OTHER_ENTRY, request_id, number)
        for number in sorted(self._entries):
            request_id, _, commitment = self._entries[number]
            asked = self._requests.get(request_id)
            if asked is None:
                yield self._difference(Fault.LACKED_BY_ASKING, request_id, number)
            elif commitment is not None and None not in asked and commitment not in asked:
                yield self._difference(Fault.OTHER_ASKING_ENTRY, request_id, number)
        for number, request_id in sorted(self._doubled):
            yield self._difference(Fault.TWO_ENTRIES, request_id, number)

    def _difference(self, fault: Fault, request_id: str, number: int) -> Difference:
        return Difference(
            fault=fault, asking=self.asking, answering=self.answering, request_id=request_id, number=number
        )


def _packed(commitment: str | None) -> bytes | None:
    return None if commitment is None else decoded(commitment)
