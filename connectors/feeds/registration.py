"""With which practices a child is registered, as the demographics service states it; two at once stay two."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from connectors.feeds.child_update import Claim
from connectors.feeds.outcome import Refusal
from connectors.feeds.patient import Practice
from connectors.postgres.database import Connection


async def register(
    connection: Connection, child: UUID, practices: Sequence[Practice], *, claim: Claim, supersedes: bool
) -> tuple[bool, list[Refusal]]:
    """Link the child to the practices; return whether that is news, and which practices are not known here.

    `supersedes` says that the statement is later than the last: open links that it no longer names are ended.
    Naming no practice ends none, because a restricted record or a search result leaves them out.
    """
    known = await _known(connection, practices)
    changed = False
    for practice in practices:
        if practice.ods_code in known:
            changed |= await _link(connection, child, known[practice.ods_code], practice, claim)
    if supersedes and known:
        last_start = max((p.period.start for p in practices if p.period.start), default=claim.today)
        changed |= await _end_others(connection, child, list(known.values()), ended_on=last_start, claim=claim)
    unknown = Refusal(reason="practice-unknown", field="generalPractitioner")
    return changed, [unknown] if any(practice.ods_code not in known for practice in practices) else []


async def _known(connection: Connection, practices: Sequence[Practice]) -> Mapping[str, UUID]:
    codes = [practice.ods_code for practice in practices]
    rows = await connection.fetch("SELECT ods_code, id FROM setting WHERE ods_code = ANY($1)", codes)
    return {row["ods_code"]: row["id"] for row in rows}


async def _link(connection: Connection, child: UUID, setting: UUID, practice: Practice, claim: Claim) -> bool:
    started, ended = practice.period.start, practice.period.end
    held = await connection.fetchrow(
        "SELECT ended_on FROM child_setting "
        "WHERE child_id = $1 AND setting_id = $2 AND started_on IS NOT DISTINCT FROM $3",
        child,
        setting,
        started,
    )
    if held is None:
        await connection.execute(
            "INSERT INTO child_setting "
            "(child_id, setting_id, started_on, ended_on, source, asserted_at, confirmed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $6)",
            child, setting, started, ended, claim.source, claim.as_of,
        )  # fmt: skip
        return True
    if ended is not None and ended != held["ended_on"]:
        await connection.execute(
            "UPDATE child_setting SET ended_on = $4, source = $5, asserted_at = $6, confirmed_at = $6 "
            "WHERE child_id = $1 AND setting_id = $2 AND started_on IS NOT DISTINCT FROM $3",
            child, setting, started, ended, claim.source, claim.as_of,
        )  # fmt: skip
        return True
    await connection.execute(
        "UPDATE child_setting SET confirmed_at = $4 WHERE child_id = $1 AND setting_id = $2 "
        "AND started_on IS NOT DISTINCT FROM $3 AND source = $5 AND confirmed_at < $4",
        child, setting, started, claim.as_of, claim.source,
    )  # fmt: skip
    return False


async def _end_others(
    connection: Connection, child: UUID, named: Sequence[UUID], *, ended_on: date, claim: Claim
) -> bool:
    tag: str = await connection.execute(
        "UPDATE child_setting SET ended_on = greatest($3, started_on), asserted_at = $5, confirmed_at = $5 "
        "FROM setting WHERE setting.id = setting_id AND setting.kind = 'GP_PRACTICE' "
        "AND child_id = $1 AND setting_id <> ALL($2) AND ended_on IS NULL AND child_setting.source = $4",
        child, list(named), ended_on, claim.source, claim.as_of,
    )  # fmt: skip
    return not tag.endswith(" 0")
