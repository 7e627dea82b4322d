"""`gateway documents`: the documents that clients are built with."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli.running import EXIT_REFUSED
from gateway.documents import manifest_of
from gateway.settings import Settings, SettingsError, read_settings

documents_app = typer.Typer(
    help="Documents that clients are built with, to be trusted by their hash.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
_console = Console(stderr=True, soft_wrap=True)


@documents_app.callback()
def _family() -> None:
    """Keep `extract` a command of its own while it is the only one."""


@documents_app.command(
    "extract", epilog="Example: `gateway documents extract app/src -o documents.json --ids app/src/ids.json`"
)
def extract(
    sources: Annotated[list[Path], typer.Argument(help="Files and folders of the client.", exists=True)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the manifest goes; else printed.")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(help="Where a JSON object goes that has each operation's hash by its name.")
    ] = None,
) -> None:
    """Make a manifest of all operations in a client's sources.

    They are looked for in `.graphql` and `.gql` files, in templates with the tag `gql` or `graphql` in JavaScript and
    TypeScript, and in calls of `gql` in Python. Each has a name, is valid for this release's graph and within the
    limits that the settings say, and is written with the fragments it needs. Exits with 2, and writes nothing, where
    one is not so; every fault is named with its file and line.
    """
    # Imported here: the schema takes longer to import than most commands take to run.
    from schema.directory import DIRECTORY
    from schema.document_sources import found_in
    from schema.documents import Extraction
    from schema.limits import Limits

    extraction = Extraction(DIRECTORY._schema, Limits.of(_settings()))
    operations = extraction.operations(found_in(sources))
    if not extraction.faults and not operations:
        _console.print("There is no operation in these sources.", style="red")
        raise typer.Exit(EXIT_REFUSED)
    for fault in extraction.faults:
        _console.print(str(fault), markup=False, style="red")
    if extraction.faults:
        raise typer.Exit(EXIT_REFUSED)
    manifest = manifest_of([text for one in operations for text in one.texts])
    if output is None:
        typer.echo(manifest, nl=False)
    else:
        output.write_text(manifest, encoding="utf-8")
    if ids is not None:
        ids.write_text(json.dumps({one.name: one.digest for one in operations}, indent=2) + "\n", encoding="utf-8")
    _console.print(f"{len(operations)} operations: {', '.join(one.name for one in operations)}", markup=False)


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsError as error:
        _console.print(str(error), markup=False, style="red")
        raise typer.Exit(EXIT_REFUSED) from None
