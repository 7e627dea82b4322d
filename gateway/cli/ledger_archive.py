"""`gateway ledger archive` and `attach`: old partitions go to files that verify, and come back when they are needed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.checkpoint_keys import signing_keys
from connectors.ledger_archiving import LedgerArchiving
from connectors.postgres.ledger_archive import LedgerPartitions, NotThere, Partition
from gateway.cli.ledger_running import counted, ledger_database
from gateway.cli.running import console, run
from gateway.ledger.archive import ArchiveDamaged, checked_entries, read_manifest
from gateway.ledger.tree import TreeDamaged
from gateway.settings import Settings

EXIT_NOTHING_TO_ARCHIVE: Final = 4
EXIT_DAMAGED: Final = 5


def archive(
    before: Annotated[
        str, typer.Option(help="Archive partitions that end before this number, or before this day (2026-01-31, UTC).")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the files.", file_okay=False, exists=True, writable=True)
    ],
    keep: Annotated[
        bool, typer.Option("--keep", help="Write and verify only; the entries stay in the database as well.")
    ] = False,
) -> None:
    """Move old partitions of the ledger out of the database, each into a file with its manifest.

    A partition goes once its file was read back and found to be what the signed checkpoints cover; its proofs stay in
    the database. Broken off at any moment, it can be run again. Run it as whoever owns the ledger's tables.
    What is archived does not show in the access log until it is attached.

    Exits with 4 if no partition ends before it, 5 if something is not as it was signed: then nothing is let go.
    """
    wanted = _before(before)

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            partitions = [one for one in await LedgerPartitions(database).full() if wanted(one)]
            if not partitions:
                console.print("No full partition of the ledger ends before that.")
                raise typer.Exit(EXIT_NOTHING_TO_ARCHIVE)
            archiving = LedgerArchiving(database, folder=output, keys=[key.verifier for key in signing_keys(settings)])
            entries = sum(one.end - one.first for one in partitions)
            with counted("Archiving", 2 * entries) as advance:
                for partition in partitions:
                    manifest = await archiving.archive(partition, let_go=not keep, advance=partial(advance, 1))
                    state = "written" if keep else "archived"
                    sys.stdout.write(f"{state}: entries {manifest.first} to {manifest.end - 1} in {manifest.name}\n")

    with _damage_told():
        run(act)


def attach(
    manifest_file: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="A manifest that `archive` wrote.", exists=True, dir_okay=False)
    ],
) -> None:
    """Bring the entries of an archive back into the database, where the access log finds them.

    The file is held to the signed checkpoint of its manifest first to last, and to what this database remembers of it;
    the index is made anew. If anything is wrong, or it breaks off, nothing is brought back.
    `gateway ledger archive` lets them go again.

    Exits with 5 if the archive is not what was signed.
    """

    async def act(settings: Settings) -> None:
        manifest = read_manifest(manifest_file)
        keys = [key.verifier for key in signing_keys(settings)]
        async with ledger_database(settings) as database:
            with counted("Attaching", manifest.size) as advance:
                entries = checked_entries(manifest_file, manifest, keys)
                await LedgerPartitions(database).bring_back(manifest, entries, advance=advance)
        sys.stdout.write(f"attached: entries {manifest.first} to {manifest.end - 1}\n")

    with _damage_told():
        run(act)


def _before(text: str) -> Callable[[Partition], bool]:
    if text.isascii() and text.isdigit():
        return lambda partition: partition.end <= int(text)
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("give --before a number or a day, for example 2026-01-31") from None
    instant = day if day.tzinfo is not None else day.replace(tzinfo=UTC)
    return lambda partition: partition.last_at < instant


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (ArchiveDamaged, NotThere, TreeDamaged) as error:
        console.print(str(error), markup=False, style="red")
        raise typer.Exit(EXIT_DAMAGED) from error
