"""An export held against its own checkpoint, the keys of its ledger, and heads that somebody else holds."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from itertools import chain, islice
from typing import Final

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.export import ExportHeader, MalformedExport, read_export
from gateway.ledger.notes import VerifierKey
from gateway.ledger.verification import Claim, Stretch, Trouble, Verification, check_stretch

LINES: Final = 4_096
"""Lines to a stretch."""
AHEAD: Final = 6
"""Stretches that wait at most: enough to keep every worker busy, and memory bounded."""


class ExportCheck:
    """Checks one export from its first line to its last."""

    def __init__(
        self, header: ExportHeader | None, *, keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey]
    ) -> None:
        """Take the export's header, the ledger's keys, and the witnesses that should have cosigned.

        Raises:
            MalformedExport: The header does not fit itself.
        """
        self._header = header
        self._signed: Checkpoint | None = None
        try:
            first, left = (0, ()) if header is None else (header.first, header.left)
            self.verification = Verification(keys=keys, first=first, left=left)
        except ValueError as error:
            raise MalformedExport(f"in line 1, {error}") from error
        if header is None:
            self.verification.add(Trouble.UNSIGNED, "The export holds no checkpoint.")
        else:
            self._claim_own(header, witnesses)

    def hold_to(self, held: Checkpoint, *, source: str) -> bool:
        """Compare with a head that somebody else holds, and return whether the export reaches it at all."""
        header = self._header
        if header is not None and held.size > header.size:
            self.verification.add(
                Trouble.REPLAYED_HEAD,
                f"The export's checkpoint is over {header.size:,} entries, and one over {held.size:,} is known "
                f"{source}: its head is an old one.",
                first_seq=header.size,
            )
            return True
        self.verification.claim(Claim(checkpoint=held, source=source, own=False))
        return header is None or header.first <= held.size <= header.end or held.size == header.size

    def run(self, lines: Iterable[bytes], *, workers: Executor | None, advance: Callable[[int], None]) -> None:
        """Check the lines of the entries.

        Raises:
            MalformedExport: A line cannot be read.
        """
        header, expected = self._header, self.verification.next_seq
        for stretch in _stretches(lines, workers, first_line=1 if header is None else 2):
            if stretch.first != expected:
                self.verification.misplaced(stretch.first, expected=expected)
            self.verification.take(stretch)
            expected = max(expected, stretch.next_seq)
            advance(len(stretch.hashes) // 32)
        try:
            if header is None:
                self.verification.finish(end=expected, size=expected)
            else:
                self.verification.finish(end=header.end, size=header.size, right=header.right)
        except ValueError as error:
            raise MalformedExport(f"in line 1, {error}") from error

    def _claim_own(self, header: ExportHeader, witnesses: Sequence[VerifierKey]) -> None:
        told = self.verification.signed(header.checkpoint, source="in the export")
        if told is None:
            return
        checkpoint, note = told
        if checkpoint.size != header.size:
            self.verification.add(
                Trouble.BAD_CHECKPOINT, "The export says that its checkpoint is of another size than it is."
            )
            return
        self.verification.cosigned(note, witnesses, size=checkpoint.size)
        self.verification.claim(Claim(checkpoint=checkpoint, source="in the export", own=True))


def check_lines(lines: Sequence[bytes], first_line: int) -> Stretch:
    """Check entries that follow each other, in a process of its own if need be."""
    entries = read_export(lines, first_line=first_line)
    first = next(entries)
    return check_stretch(chain([first], entries), first=first.seq)


def _stretches(lines: Iterable[bytes], workers: Executor | None, *, first_line: int) -> Iterator[Stretch]:
    waiting: deque[Future[Stretch]] = deque()
    stream = iter(lines)
    while batch := list(islice(stream, LINES)):
        if workers is None:
            yield check_lines(batch, first_line)
        else:
            waiting.append(workers.submit(check_lines, batch, first_line))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        first_line += len(batch)
    while waiting:
        yield waiting.popleft().result()
