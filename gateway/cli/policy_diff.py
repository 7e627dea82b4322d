"""`gateway policy diff` and `replay`: what other rules would change, in the matrix and in asks that were made."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.table import Table
from rich.text import Text

from connectors.git_revision import RevisionUnreadable, folder_at
from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerReader
from connectors.rule_set import RuleSet
from gateway.cli.policy_matrix import COLOURS, WHAT_CLASSES_ARE, Classes, Fields, Purposes, Roles, Types, terminal
from gateway.cli.policy_rules import (
    AUTHOR_TIMEOUT,
    AsJson,
    ChosenEngine,
    Engine,
    Folder,
    complaints,
    console,
    engine_over,
    explained,
    printed,
    run,
)
from gateway.cli.running import EXIT_UNAVAILABLE, ready_database_url
from gateway.disclosure.question import FieldDecision
from gateway.errors import DirectoryError
from gateway.settings import PACKAGED_POLICIES, SettingsError, read_settings
from gateway.vocabulary import Effect
from gateway.workbench.annotations import read_annotations
from gateway.workbench.axes import axes_of_both
from gateway.workbench.book import Book
from gateway.workbench.difference import BY, Block, Difference, Kind, blocks, compare, counted
from gateway.workbench.matrix import matrix
from gateway.workbench.recorded import (
    Again,
    Recorded,
    Tally,
    ask_again,
    compare_again,
    compare_with_ledger,
    merged,
)
from gateway.workbench.sentences import EFFECTS

EXIT_DIFFERENT: Final = 10
EXIT_TELLS_MORE: Final = 11
EXIT_ALARM: Final = 12
IN_FORCE: Final = "in-force"

_TITLES: Final[Mapping[Kind, str]] = {
    Kind.TELLS_MORE: "TELLS MORE",
    Kind.TELLS_LESS: "tells less",
    Kind.SAYS_OTHERWISE: "says otherwise: as much is told, with another code or remedy",
    Kind.REASONS_ONLY: "other reasons only: callers see no difference, the ledger does",
}
_STYLES: Final = {Kind.TELLS_MORE: "bold red", Kind.TELLS_LESS: "bold yellow"}
_SUMMARISED: Final = 5

Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only asks from this day on (UTC), such as 2026-11-01.")
]
Limit = Annotated[int, typer.Option(help="Groups of changes shown of each kind; 0 for all.", min=0)]


def show_difference(
    old: Annotated[str, typer.Argument(help="A folder, a git revision, REVISION:folder, or `in-force`.")] = "HEAD",
    new: Annotated[str, typer.Argument(help="The same; `in-force` is the folder of --policies.")] = IN_FORCE,
    replayed: Annotated[bool, typer.Option("--replay", help="Compare asks in the ledger, not the matrix.")] = False,
    since: Since = None,
    role: Roles = None,
    purpose: Purposes = None,
    record_type: Types = None,
    field: Fields = None,
    named: Classes = None,
    limit: Limit = 20,
    policies: Folder = PACKAGED_POLICIES,
    engine: ChosenEngine = Engine.AUTO,
    as_json: AsJson = False,
) -> None:
    """Show what NEW rules decide otherwise than OLD ones: what tells more first, what only changes reasons last.

    Every role is asked with each of its purposes, of every class. Exits with 0 if nothing differs,
    10 if something does, 11 if something tells more; with 1 if rules cannot be read, 2 on an unknown name,
    3 if the ledger does not answer.
    """
    choice: dict[str, Sequence[str]] = {
        "roles": role or (),
        "purposes": purpose or (),
        "types": record_type or (),
        "fields": field or (),
        "classes": named or (),
    }
    with explained(), ExitStack() as laid_out:
        before, after = (laid_out.enter_context(_folder(source, policies)) for source in (old, new))
        if replayed:
            tally = _ledger(since)
            found = run(lambda: _replayed(before, after, tally.recorded, engine))
            _say_what_was_read(tally, since)
        else:
            found = run(lambda: _compared(before, after, choice, engine))
    _write(found, limit, as_json=as_json)
    if found.of(Kind.TELLS_MORE):
        raise typer.Exit(EXIT_TELLS_MORE)
    raise typer.Exit(EXIT_DIFFERENT if found.changes else 0)


def replay_ledger(
    since: Since = None,
    limit: Limit = 20,
    policies: Folder = PACKAGED_POLICIES,
    engine: ChosenEngine = Engine.AUTO,
    as_json: AsJson = False,
) -> None:
    """Ask the rules in force again what the ledger says was decided.

    A difference under the revision in force is an alarm: rules, engine or ledger are not what they were.
    Differences from decisions of other revisions are counted; `gateway policy diff --replay` shows them.
    Exits with 0 if all decisions are repeated, 12 on an alarm, 1 if rules cannot be read, 3 without the ledger.
    """
    with explained():
        tally = _ledger(since)
        revision = RuleSet.read(policies).revision
        same = {one: times for one, times in tally.recorded.items() if one.revision == revision}
        others = {one: times for one, times in tally.recorded.items() if one.revision != revision}
        alarms = run(lambda: _against_ledger(policies, same, engine))
        changed = run(lambda: _against_ledger(policies, others, engine))
    _say_what_was_read(tally, since)
    if as_json:
        document = {"alarms": alarms.as_document(), "other_revisions": changed.as_document()}
        printed(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode(), None)
    else:
        _report(alarms, limit)
        console.print(f"of the revision in force, {revision}: {alarms.compared} decisions of fields asked again")
        console.print(
            f"of other revisions: {changed.compared} decisions, {sum(changed.counts.values())} decided otherwise now"
        )
        if alarms.changes:
            console.print("[bold red]ALARM[/]: these rules do not repeat what the ledger says they decided")
    raise typer.Exit(EXIT_ALARM if alarms.changes else 0)


@contextmanager
def _folder(source: str, policies: Path) -> Iterator[Path]:
    if source == IN_FORCE:
        yield policies
    elif Path(source).is_dir():
        yield Path(source)
    else:
        revision, _, path = source.partition(":")
        try:
            with folder_at(revision, path or "policies", inside=Path.cwd()) as folder:
                yield folder
        except RevisionUnreadable as error:
            raise RevisionUnreadable(f"{source} is no folder, and as a git revision: {error}") from error


async def _compared(old: Path, new: Path, choice: Mapping[str, Sequence[str]], engine: Engine) -> Difference:
    books = [Book(RuleSet.read(folder).data) for folder in (old, new)]
    matrices = []
    for folder, axes in zip((old, new), axes_of_both(books[0], books[1], choice), strict=True):
        async with engine_over(folder, engine) as decider:
            matrices.append(await matrix(decider, axes))
    before, after = (
        replace(one, revision=RuleSet.read(folder).revision) for one, folder in zip(matrices, (old, new), strict=True)
    )
    return compare(before, after)


async def _asked_again(folder: Path, recorded: Mapping[Recorded, int], engine: Engine) -> Again:
    async with engine_over(folder, engine) as decider:
        return await ask_again(decider, list(recorded))


async def _replayed(old: Path, new: Path, recorded: Mapping[Recorded, int], engine: Engine) -> Difference:
    unread = _unread(old) & _unread(new)
    alike = merged(recorded, unread)
    return compare_again(alike, await _asked_again(old, alike, engine), await _asked_again(new, alike, engine))


async def _against_ledger(folder: Path, recorded: Mapping[Recorded, int], engine: Engine) -> Difference:
    alike = merged(recorded, _unread(folder))
    return compare_with_ledger(alike, await _asked_again(folder, alike, engine))


def _unread(folder: Path) -> frozenset[str]:
    return read_annotations(RuleSet.read(folder).modules).unread()


def _ledger(since: datetime | None) -> Tally:
    try:
        return asyncio.run(_tally(None if since is None else since.replace(tzinfo=UTC)))
    except (DirectoryError, SettingsError) as error:
        complaints.print(str(error), markup=False)
        raise typer.Exit(EXIT_UNAVAILABLE) from error


async def _tally(since: datetime | None) -> Tally:
    settings = read_settings()
    database = await Database.open(
        await ready_database_url(settings),
        pool_min=1,
        pool_max=1,
        timeout=max(AUTHOR_TIMEOUT, settings.database_timeout),
    )
    tally = Tally()
    try:
        async for stored in PostgresLedgerReader(database).entries():
            document = orjson.loads(stored.entry)
            if since is None or datetime.fromisoformat(document["at"]) >= since:
                tally.take(document)
    finally:
        await database.close()
    return tally


def _say_what_was_read(tally: Tally, since: datetime | None) -> None:
    when = "" if since is None else f" since {since:%Y-%m-%d}"
    complaints.print(f"{tally.entries} asks{when} in the ledger, {sum(tally.recorded.values())} records decided on")
    if tally.without_class:
        complaints.print(f"{tally.without_class} records cannot be asked about again: their class was not kept")


def _write(found: Difference, limit: int, *, as_json: bool) -> None:
    if as_json:
        printed(orjson.dumps(found.as_document(), option=orjson.OPT_INDENT_2).decode(), None)
        return
    _report(found, limit)
    counts = ", ".join(f"{count} {kind.value}" for kind, count in found.counts.items())
    if any(found.counts.values()):
        console.print(WHAT_CLASSES_ARE, markup=False)
    console.print(f"{found.old_revision} → {found.new_revision}: {found.compared} decisions compared: {counts}")


def _report(found: Difference, limit: int) -> None:
    wide = terminal()
    for kind in Kind:
        changes = found.of(kind)
        if not changes:
            continue
        console.print(Text(f"{_TITLES[kind]}: {found.counts[kind]} decisions", style=_STYLES.get(kind, "bold")))
        for by in BY:
            tally = list(counted(changes, by).items())
            shown = ", ".join(f"{name} {count}" for name, count in tally[:_SUMMARISED])
            more = f" and {len(tally) - _SUMMARISED} more" if len(tally) > _SUMMARISED else ""
            console.print(f"  by {by}: {shown}{more}", markup=False)
        groups = blocks(changes)
        wide.print(_table(groups[: limit or None]))
        if limit and len(groups) > limit:
            console.print(f"  and {len(groups) - limit} more groups; --limit 0 shows all")


def _table(groups: Sequence[Block]) -> Table:
    drawn = Table("field", "class", "was", "becomes", "for", show_lines=True)
    for group in groups:
        drawn.add_row(
            Text("\n".join(f"{group.type}.{field}" for field in group.fields)),
            Text("\n".join(group.classes)),
            _cell(group.old),
            _cell(group.new),
            Text(_who(group.approaches)),
        )
    return drawn


def _who(approaches: Sequence[tuple[str, str | None]]) -> str:
    purposes: dict[str, list[str]] = {}
    for role, purpose in approaches:
        purposes.setdefault(role, []).append(purpose or "no purpose")
    return "\n".join(f"{role} ({', '.join(stated)})" for role, stated in purposes.items())


def _cell(decision: FieldDecision) -> Text:
    said = Text(EFFECTS[decision.effect], style=COLOURS[decision.effect])
    if decision.effect is not Effect.DISCLOSE:
        said.append(f"\n{', '.join(decision.reasons)}", style="default")
    return said
