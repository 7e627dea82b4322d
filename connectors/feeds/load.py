"""Loading a file: read it whole, write it in one transaction, and keep what became of each row.

A file that was loaded before counts as of its first load, so that replaying it changes nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.feeds.authorities import ensure_authorities, gss_codes, held_authorities
from connectors.feeds.bundle import read_answer
from connectors.feeds.demographics import SOURCE as DEMOGRAPHICS
from connectors.feeds.demographics import DemographicsLoad, read_entries
from connectors.feeds.files import FeedFile
from connectors.feeds.gias import SOURCE as SCHOOLS
from connectors.feeds.gias import read_links, read_schools
from connectors.feeds.link_store import store_links
from connectors.feeds.ods import REGISTER as PRACTICES
from connectors.feeds.ods import read_practices
from connectors.feeds.outcome import LoadReport, Outcome, Tally
from connectors.feeds.setting_store import Progress, store_settings
from connectors.postgres.database import Connection, Database

LOAD_TIMEOUT = 600.0
"""Seconds the transaction of one file may take."""

SOURCES = {
    PRACTICES.source: "Organisation Data Service: GP practices",
    SCHOOLS: "Get Information About Schools",
    DEMOGRAPHICS: "National demographics service",
}
SCHOOL_LINKS = "gias-links"


def silent(done: int, of: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """One file on its way into the directory."""

    feed: str
    source: str
    file: FeedFile
    tally: Tally
    now: datetime
    started: float

    @classmethod
    def of(cls, feed: str, file: FeedFile, now: datetime, *, source: str | None = None) -> "Loading":
        """Begin; the clock that counts seconds starts here."""
        return cls(feed=feed, source=source or feed, file=file, tally=Tally(), now=now, started=time.perf_counter())

    async def begin(self, connection: Connection) -> datetime:
        """Let one load of a feed run at a time; return as of when the file counts."""
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"feed:{self.feed}")
        await connection.execute(
            "INSERT INTO source (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", self.source, SOURCES[self.source]
        )
        first: datetime | None = await connection.fetchval(
            "SELECT min(loaded_at) FROM feed_load WHERE feed = $1 AND file_sha256 = $2", self.feed, self.file.sha256
        )
        return first or self.now

    async def end(self, connection: Connection) -> LoadReport:
        """Keep what became of the rows, with reasons and without anything personal."""
        tally = self.tally
        load = await connection.fetchval(
            "INSERT INTO feed_load (feed, file_name, file_sha256, loaded_at, accepted, unchanged, rejected, "
            "quarantined) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            self.feed,
            # People name answers after whom they are about; the digest tells one from another as well.
            self.file.sha256.hex()[:16] if self.source == DEMOGRAPHICS else self.file.name,
            self.file.sha256,
            self.now,
            *(tally.counts[outcome] for outcome in Outcome),
        )
        kept = {(finding.row, finding.refusal.reason): finding.refusal for finding in tally.findings}
        await connection.copy_records_to_table(
            "feed_rejection",
            columns=["load_id", "row_number", "reason", "outcome", "field"],
            records=[(load, row, reason, found.outcome, found.field) for (row, reason), found in kept.items()],
        )
        return LoadReport(
            feed=self.feed,
            file_name=self.file.name,
            counts=tally.counts,
            findings=tuple(tally.findings),
            seconds=time.perf_counter() - self.started,
        )


async def load_practices(
    database: Database, file: FeedFile, *, now: datetime, progress: Progress = silent
) -> LoadReport:
    """Load an `epraccur` file.

    Raises:
        FeedUnreadable: The file is not one; nothing is loaded.
        SourceFailed: The database failed; nothing is loaded.
    """
    loading = Loading.of(PRACTICES.source, file, now)
    practices = read_practices(file, loading.tally)
    async with database.transaction(within=LOAD_TIMEOUT) as connection:
        as_of = await loading.begin(connection)
        await store_settings(
            connection, practices, register=PRACTICES, as_of=as_of, tally=loading.tally, progress=progress
        )
        return await loading.end(connection)


async def load_schools(
    database: Database, file: FeedFile, *, links: FeedFile | None, now: datetime, progress: Progress = silent
) -> list[LoadReport]:
    """Load an establishment file and, where given, its links; raises as `load_practices` does."""
    schools_loading = Loading.of(SCHOOLS, file, now)
    schools = read_schools(file, schools_loading.tally, authorities=gss_codes())
    links_loading = links and Loading.of(SCHOOL_LINKS, links, now, source=SCHOOLS)
    read = read_links(links_loading.file, links_loading.tally) if links_loading else []
    async with database.transaction(within=LOAD_TIMEOUT) as connection:
        as_of = await schools_loading.begin(connection)
        await ensure_authorities(connection, {row.authority for row in schools.rows if row.authority})
        known = await held_authorities(connection)
        rows = [row if row.authority in known else replace(row, authority=None) for row in schools.rows]
        await store_settings(
            connection, rows, register=schools.register, as_of=as_of, tally=schools_loading.tally, progress=progress
        )
        reports = [await schools_loading.end(connection)]
        if links_loading:
            await links_loading.begin(connection)
            await store_links(connection, read, links_loading.tally)
            reports.append(await links_loading.end(connection))
        return reports


async def load_patients(
    database: Database,
    files: Sequence[FeedFile],
    *,
    authority: str,
    now: datetime,
    include_adults: bool = False,
    progress: Progress = silent,
) -> list[LoadReport]:
    """Load answers of the demographics service, each file in its own transaction, none if one cannot be read.

    Children that are new become the responsibility of `authority`; raises as `load_practices` does.
    """
    answers = [(file, read_answer(file)) for file in files]
    reports = []
    for file, answer in answers:
        loading = Loading.of(DEMOGRAPHICS, file, now)
        patients = read_entries(answer.entries, loading.tally, now=now)
        async with database.transaction(within=LOAD_TIMEOUT) as connection:
            first_loaded = await loading.begin(connection)
            await ensure_authorities(connection, {authority})
            load = DemographicsLoad(
                connection=connection,
                authority=authority,
                as_of=min(answer.answered_at or first_loaded, now),
                now=now,
                include_adults=include_adults,
                tally=loading.tally,
            )
            await load.take_all(patients, progress)
            reports.append(await loading.end(connection))
    return reports
