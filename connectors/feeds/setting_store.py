"""The table of settings, brought up to date a whole register at a time."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import uuid4

from connectors.feeds.outcome import Outcome, Tally
from connectors.postgres.database import Connection
from gateway.vocabulary import SettingKind

BATCH = 1_000

Progress = Callable[[int, int], None]
"""Is told how many rows are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """A setting as a register states it; `code` is the register's own key."""

    code: str
    kind: SettingKind
    name: str
    status: str
    opened_on: date | None = None
    closed_on: date | None = None
    address_lines: tuple[str, ...] = ()
    postcode: str | None = None
    telephone: str | None = None
    ukprn: str | None = None
    laestab: str | None = None
    authority: str | None = None


VALUES = tuple(name for name in SettingRow.__slots__ if name != "code")
REQUIRED = frozenset({"kind", "name", "status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where settings come from: its name as a source, the column of its key, and the columns its file speaks of."""

    source: str
    key: Literal["ods_code", "urn"]
    states: Collection[str]


async def store_settings(
    connection: Connection,
    rows: Sequence[SettingRow],
    *,
    register: Register,
    as_of: datetime,
    tally: Tally,
    progress: Progress,
) -> None:
    """Insert or update the settings by their key and count them.

    What the file does not speak of stays as it is.
    What we hold from a later day stays, too, so that replaying an older file changes nothing.
    """
    await connection.execute("CREATE TEMPORARY TABLE incoming (LIKE setting) ON COMMIT DROP")
    for start in range(0, len(rows), BATCH):
        await connection.copy_records_to_table(
            "incoming",
            columns=["id", register.key, *VALUES, "source", "asserted_at", "confirmed_at"],
            records=[
                (uuid4(), row.code, *(getattr(row, value) for value in VALUES), register.source, as_of, as_of)
                for row in rows[start : start + BATCH]
            ],
        )
        progress(min(start + BATCH, len(rows)), len(rows))
    tag: str = await connection.execute(_upsert(register))
    changed = int(tag.rsplit(" ", 1)[1])
    await connection.execute(_confirm(register))
    tally.take(Outcome.ACCEPTED, changed)
    tally.take(Outcome.UNCHANGED, len(rows) - changed)


def _upsert(register: Register) -> str:
    """Return the statement; only names written in this module go into it."""
    stated = [value for value in VALUES if value in REQUIRED or value in register.states]
    written = ", ".join([register.key, *VALUES, "source", "asserted_at", "confirmed_at"])
    updates = ", ".join(f"{value} = EXCLUDED.{value}" for value in [*stated, "source", "asserted_at", "confirmed_at"])
    held = ", ".join(f"held.{value}" for value in stated)
    incoming = ", ".join(f"EXCLUDED.{value}" for value in stated)
    return f"""
        INSERT INTO setting AS held (id, {written}) SELECT id, {written} FROM incoming
        ON CONFLICT ({register.key}) DO UPDATE SET {updates}
        WHERE ({held}) IS DISTINCT FROM ({incoming}) AND held.confirmed_at <= EXCLUDED.confirmed_at
    """  # noqa: S608


def _confirm(register: Register) -> str:
    return f"""
        UPDATE setting SET confirmed_at = incoming.confirmed_at FROM incoming
        WHERE setting.{register.key} = incoming.{register.key} AND setting.confirmed_at < incoming.confirmed_at
    """  # noqa: S608
