"""The last step before telling: an ask's entry in the ledger, without which nothing is told."""

import asyncio
import logging

from gateway.asked import Asked, entry_of
from gateway.errors import AuditUnavailable, CallerLeft, DirectoryError
from gateway.ledger.commitments import Commitments
from gateway.ledger.writer import LedgerWriter
from gateway.logs import loggable
from gateway.metrics.metrics import Metrics
from gateway.reply import Reply, reply_of, unexpected
from gateway.tracing import span
from gateway.vocabulary import AuthorityCode

log = logging.getLogger("gateway.recording")


class Recording:
    """Records what became of asks at one gateway."""

    def __init__(
        self, *, home: AuthorityCode, ledger: LedgerWriter, commitments: Commitments, metrics: Metrics
    ) -> None:
        """Take where entries go, and how values are committed to."""
        self._home = home
        self._ledger = ledger
        self._commitments = commitments
        self._metrics = metrics
        self._leaving: set[asyncio.Task[Reply]] = set()

    async def recorded(self, asked: Asked, reply: Reply, error: DirectoryError | None) -> Reply:
        """Return the reply once its entry is durable, or that there is none because it cannot be made so."""
        try:
            entry = entry_of(asked, error, gateway=self._home, commitments=self._commitments)
            with span("record"):
                number = await self._ledger.record(entry)
            self._metrics.fields_decided(entry.records)
            return Reply(data=reply.data, errors=reply.errors, entry=number)
        except AuditUnavailable as unavailable:
            log.error("audit unavailable: request %s: %s", loggable(asked.request_id), unavailable.reason)
            return reply_of(None, unavailable)
        except Exception as defect:  # an entry that cannot be made is a defect, and without an entry nothing is told
            return reply_of(None, unexpected(defect, asked.request_id))

    async def refused(self, asked: Asked, error: DirectoryError) -> Reply:
        """Return what is told of an error, once its entry is durable."""
        return await self.recorded(asked, reply_of(None, error), error)

    async def left(self, asked: Asked) -> None:
        """Record that whoever asked has gone before there was an answer; nothing was told."""
        gone = CallerLeft("Who asked has gone; nothing was told.", reason="caller-left")
        # A task of its own: the one that asked is being ended.
        recording = asyncio.create_task(self.refused(asked, gone))
        self._leaving.add(recording)
        recording.add_done_callback(self._leaving.discard)
        await asyncio.shield(recording)
