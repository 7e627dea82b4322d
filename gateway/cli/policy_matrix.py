"""`gateway policy matrix`: who is told what, of which records, as a table."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from connectors.rule_set import RuleSet
from gateway.cli.policy_rules import (
    AsJson,
    ChosenEngine,
    Engine,
    Folder,
    complaints,
    engine_over,
    explained,
    printed,
    run,
)
from gateway.disclosure.question import FieldDecision
from gateway.settings import PACKAGED_POLICIES
from gateway.vocabulary import Effect
from gateway.workbench.axes import NAMED_CLASSES, Axes, axes_of
from gateway.workbench.book import Book
from gateway.workbench.matrix import Matrix, matrix
from gateway.workbench.page import page
from gateway.workbench.sentences import EFFECTS, MEANINGS
from gateway.workbench.tables import Columns, Table, as_csv, tables

COLOURS: Final = {Effect.DISCLOSE: "green", Effect.MASK: "yellow", Effect.WITHHOLD: "red", Effect.CONCEAL: "magenta"}
WHAT_CLASSES_ARE: Final = "What plain, shielded and the other classes of records are: gateway policy matrix --classes"
_PIPE_WIDTH: Final = 160


class Format(StrEnum):
    """How the matrix is written."""

    TERMINAL = "terminal"
    HTML = "html"
    CSV = "csv"
    JSON = "json"


Roles = Annotated[list[str] | None, typer.Option("--role", help="Only this role; may be repeated.")]
Purposes = Annotated[
    list[str] | None, typer.Option("--purpose", help="This purpose of access; otherwise each role's first.")
]
Types = Annotated[list[str] | None, typer.Option("--type", help="Only this record type, such as Child.")]
Fields = Annotated[list[str] | None, typer.Option("--field", help="Only this field, such as address.")]
Classes = Annotated[
    list[str] | None,
    typer.Option("--class", help="Only this class of records, such as shielded; see --classes."),
]
EveryPurpose = Annotated[bool, typer.Option("--every-purpose", help="Each role with each of its purposes.")]


def show_matrix(
    role: Roles = None,
    purpose: Purposes = None,
    record_type: Types = None,
    field: Fields = None,
    named: Classes = None,
    every_purpose: EveryPurpose = False,
    columns: Annotated[
        Columns | None, typer.Option(help="What stands in the columns; roles, if there is one class only.")
    ] = None,
    reasons: Annotated[bool, typer.Option("--reasons", help="In the terminal, the reasons in each cell.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TERMINAL,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.", dir_okay=False)] = None,
    policies: Folder = PACKAGED_POLICIES,
    engine: ChosenEngine = Engine.AUTO,
    classes: Annotated[bool, typer.Option("--classes", help="List the named classes and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is told of every field, to every role, of every class of records.

    Columns and rows that are alike stand together. Exits with 1 if the rules do not decide, 2 on an unknown name.
    """
    if classes:
        _list_classes(as_json)
        return
    with explained():
        book = Book(RuleSet.read(policies).data)
        axes = axes_of(
            book,
            roles=role or (),
            purposes=purpose or (),
            types=record_type or (),
            fields=field or (),
            classes=named or (),
            every_purpose=every_purpose,
        )
        decided = run(lambda: _decided(policies, engine, axes))
    one_class = len(axes.classes) == 1
    shown = tables(decided, book, columns or (Columns.ROLE if one_class else Columns.CLASS))
    _write(decided, shown, Format.JSON if as_json else format_, output, reasons=reasons)


async def _decided(policies: Path, engine: Engine, axes: Axes) -> Matrix:
    async with engine_over(policies, engine) as decider:
        return await matrix(decider, axes)


def _write(decided: Matrix, shown: Sequence[Table], format_: Format, output: Path | None, *, reasons: bool) -> None:
    match format_:
        case Format.JSON:
            printed(orjson.dumps(decided.as_document(), option=orjson.OPT_INDENT_2).decode(), output)
        case Format.CSV:
            printed(as_csv(decided), output)
        case Format.HTML:
            printed(page(shown, revision=decided.revision, engine=decided.engine), output)
        case Format.TERMINAL if output is None:
            _print(terminal(), decided, shown, reasons=reasons)
        case Format.TERMINAL:
            with output.open("w", encoding="utf-8") as file:
                _print(Console(file=file, width=_PIPE_WIDTH), decided, shown, reasons=reasons)
            complaints.print(f"written to {output}", markup=False)


def _print(console: Console, decided: Matrix, shown: Sequence[Table], *, reasons: bool) -> None:
    for table in shown:
        console.print(_rich(table, reasons=reasons))
    for effect in Effect:
        console.print(Text(EFFECTS[effect], style=COLOURS[effect]).append(f": {MEANINGS[effect]}", style="default"))
    console.print(WHAT_CLASSES_ARE, markup=False)
    console.print(f"revision {decided.revision}, decided by the engine {decided.engine}", markup=False)


def terminal() -> Console:
    """Return a console that is wide enough for tables where nobody's terminal says how wide it is."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_WIDTH)


def _rich(table: Table, *, reasons: bool) -> RichTable:
    drawn = RichTable(title=Text(table.title), title_justify="left", show_lines=True)
    drawn.add_column("field", overflow="fold")
    for names in table.columns:
        drawn.add_column(Text("\n".join(names)), overflow="fold")
    for names, cells in table.rows:
        drawn.add_row(Text("\n".join(names)), *(_cell(cell, reasons=reasons) for cell in cells))
    return drawn


def _cell(cell: FieldDecision | None, *, reasons: bool) -> Text:
    if cell is None:
        return Text("-")
    drawn = Text(EFFECTS[cell.effect], style=COLOURS[cell.effect])
    if reasons and cell.effect is not Effect.DISCLOSE:
        drawn.append("\n" + "\n".join(cell.reasons), style="default")
    return drawn


def _list_classes(as_json: bool) -> None:
    if as_json:
        printed(orjson.dumps({named.name: named.title for named in NAMED_CLASSES}).decode(), None)
        return
    for named in NAMED_CLASSES:
        printed(f"{named.name:28}{named.title}", None)
