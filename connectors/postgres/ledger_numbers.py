"""Which number the next entry of the ledger will have, as far as one process can tell.

The database numbers, and nobody else does. But the hash of an entry holds its number, and the gateway hashes faster: as
long as no other gateway writes, it knows the number beforehand and sends the hashes along. Where it was wrong the
database makes them, and after that until a guess was right again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """A group under way: its entries, and the number that its first one should have."""

    entries: int
    guess: int | None
    expected: int | None
    """The guess, if it is worth hashing by."""


class NextNumber:
    """What the connections of one process expect; each tells what it sends and what became of it."""

    def __init__(self) -> None:
        """Expect nothing: the first group finds out."""
        self._under_way: list[Sent] = []
        self._next: int | None = None
        self._was_right = False

    def sending(self, entries: int) -> Sent:
        """Return what to expect for a group of so many entries that is sent now."""
        sent = Sent(entries, guess=self._next, expected=self._next if self._was_right else None)
        self._under_way.append(sent)
        if self._next is not None:
            self._next += entries
        return sent

    def numbered(self, sent: Sent, first: int) -> None:
        """Take note of the number that the first entry of a group was given."""
        place = self._under_way.index(sent)
        self._was_right = first == sent.guess
        del self._under_way[place]
        # Those sent after it that are still under way have their turn next.
        self._next = first + sent.entries + sum(later.entries for later in self._under_way[place:])

    def lost(self, sent: Sent) -> None:
        """Take note that nobody knows what became of a group."""
        self._under_way.remove(sent)
        self._next, self._was_right = None, False
