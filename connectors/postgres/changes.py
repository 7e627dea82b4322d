"""Changes on PostgreSQL: one held transaction each, with the row that makes its key good for one change only."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from uuid import UUID, uuid4

from connectors.postgres.brokering import PostgresBrokering
from connectors.postgres.database import Database, HeldTransaction
from connectors.postgres.destroying import PostgresDestroying
from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.grants import PostgresGrants
from connectors.postgres.keeping import PostgresKeeping
from connectors.postgres.links_elsewhere import PostgresLinks
from connectors.postgres.queues import PostgresQueues
from connectors.postgres.recording import PostgresRecording
from connectors.postgres.review_cases import PostgresReviewCases
from connectors.postgres.shields import PostgresShields
from connectors.postgres.suspensions import PostgresSuspensions
from connectors.postgres.transfers import PostgresTransfers
from connectors.postgres.withholdings import PostgresWithholdings
from gateway.changes import Claim, Earlier
from gateway.vocabulary import RecordType

_CLAIM = """
INSERT INTO change (id, person, key, digest, action, request_id, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (person, key) DO NOTHING RETURNING id"""
_EARLIER = "SELECT id, digest, record_type, record_id FROM change WHERE person = $1 AND key = $2"
_DONE = "UPDATE change SET record_type = $2, record_id = $3 WHERE id = $1"


class PostgresChange:
    """One change under way; satisfies `gateway.changes.Change`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Take the database to borrow a connection from, once the change begins."""
        self._transaction = HeldTransaction(database)
        self._now = now
        self.id = uuid4()
        self.made = False

    @cached_property
    def directory(self) -> PostgresDirectory:
        """Return the directory as the change leaves it."""
        return PostgresDirectory(self._transaction, today=self._now)

    @cached_property
    def suspensions(self) -> PostgresSuspensions:
        """Return the suspensions as the change leaves them."""
        return PostgresSuspensions(self._transaction, now=self._now)

    @cached_property
    def recording(self) -> PostgresRecording:
        """Return where involvements, consents and conflicts are written."""
        return PostgresRecording(self._transaction)

    @cached_property
    def brokering(self) -> PostgresBrokering:
        """Return the requests for brokered contact as the change leaves them."""
        return PostgresBrokering(self._transaction, now=self._now)

    @cached_property
    def grants(self) -> PostgresGrants:
        """Return where grants are written."""
        return PostgresGrants(self._transaction, now=self._now)

    @cached_property
    def review_cases(self) -> PostgresReviewCases:
        """Return where cases about callers are written."""
        return PostgresReviewCases(self._transaction)

    @cached_property
    def shields(self) -> PostgresShields:
        """Return where shields and refusals are written."""
        return PostgresShields(self._transaction)

    @cached_property
    def transfers(self) -> PostgresTransfers:
        """Return where transfers of responsibility are written."""
        return PostgresTransfers(self._transaction)

    @cached_property
    def queues(self) -> PostgresQueues:
        """Return the worked queues as the change leaves them."""
        return PostgresQueues(self._transaction, now=self._now)

    @cached_property
    def withholdings(self) -> PostgresWithholdings:
        """Return the withholdings of log entries as the change leaves them."""
        return PostgresWithholdings(self._transaction, now=self._now)

    @cached_property
    def keeping(self) -> PostgresKeeping:
        """Return where it is written who stays past eighteen."""
        return PostgresKeeping(self._transaction)

    @cached_property
    def destroying(self) -> PostgresDestroying:
        """Return where records are destroyed whose time in the archive is over."""
        return PostgresDestroying(self._transaction)

    @cached_property
    def links(self) -> PostgresLinks:
        """Return the links to records of other authorities as the change leaves them."""
        return PostgresLinks(self._transaction, now=self._now)

    async def begin(self, claim: Claim) -> Earlier | None:
        """Take the key, or return what was done under it."""
        self.made = False
        await self._transaction.begin()
        # Where the same key is being taken at this moment, the insert waits for the other transaction's end.
        while not await self._taken(claim):
            row = await self._transaction.fetchrow(_EARLIER, claim.person, claim.key)
            if row is not None:
                return Earlier(
                    id=row["id"],
                    digest=row["digest"],
                    record_type=RecordType(row["record_type"]),
                    record_id=UUID(row["record_id"]),
                )
        return None

    async def _taken(self, claim: Claim) -> bool:
        row = await self._transaction.fetchrow(
            _CLAIM, self.id, claim.person, claim.key, claim.digest, claim.action, claim.request_id, claim.at
        )
        return row is not None

    async def done(self, record_type: RecordType, record_id: UUID) -> None:
        """Say what was changed."""
        await self._transaction.execute(_DONE, self.id, record_type.value, str(record_id))
        self.made = True

    async def keep(self) -> None:
        """Commit durably."""
        await self._transaction.keep()

    async def undo(self) -> None:
        """Leave everything as it was; does nothing after `keep`."""
        await self._transaction.undo()


class PostgresChanges:
    """Makes changes over a pool of their own: one that waits for its entry must keep nobody from reading."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Take the pool."""
        self._database = database
        self._now = now

    def open(self) -> PostgresChange:
        """Return a change that has not begun."""
        return PostgresChange(self._database, now=self._now)
