"""Following the ledger: entries in their order as they become durable, none left out and none twice.

An entry is seen when its transaction has committed, and its commit is on the disk before anybody sees it: whoever
writes the ledger commits with `synchronous_commit = on`. Numbers are given in the order of commits, so what is seen is
always a beginning of the ledger.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

from gateway.errors import AuditUnavailable
from gateway.ledger.stored import StoredEntry

PATIENCE: Final = 1.0
"""Seconds until a database that did not answer is asked again."""


class EntriesReader(Protocol):
    """Where entries are read; raises `AuditUnavailable` if the ledger does not answer."""

    def entries(self, *, after_seq: int = -1) -> AsyncIterator[StoredEntry]:
        """Stream entries in the order of their numbers."""
        ...


class EntryMissing(Exception):
    """The next entry is not there, and a later one is; `seq` is the number of the missing one."""

    def __init__(self, seq: int, *, found: int) -> None:
        """Keep the number, and the one that was found in its place."""
        super().__init__(f"Entry {seq:,} is not there, and entry {found:,} is.")
        self.seq = seq
        self.found = found


async def follow(
    reader: EntriesReader,
    *,
    after: int,
    interval: float,
    on_trouble: Callable[[AuditUnavailable | None], None] = lambda _: None,
) -> AsyncIterator[StoredEntry | None]:
    """Give every entry after a number, and None whenever there is nothing new; look again each `interval` seconds.

    `on_trouble` is told why nothing can be read when that begins, and None when it ends; it is tried again meanwhile.

    Raises:
        EntryMissing: An entry was archived, or taken out.
    """
    trouble: AuditUnavailable | None = None
    while True:
        before = trouble
        try:
            async for stored in reader.entries(after_seq=after):
                if stored.seq != after + 1:
                    raise EntryMissing(after + 1, found=stored.seq)
                after = stored.seq
                yield stored
            trouble = None
        except AuditUnavailable as error:
            trouble = error
        if (before is None) != (trouble is None):
            on_trouble(trouble)
        yield None
        await asyncio.sleep(interval if trouble is None else max(interval, PATIENCE))
