"""`gateway backup`: directory and ledger in two files, put back into an empty database, and that rehearsed."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, Final

import typer

from connectors.checkpoint_keys import signing_keys
from connectors.postgres.backup import BackupRefused, back_up, put_back, refuse_to_restore, seen
from connectors.postgres.migration import pending
from connectors.postgres.server import EmbeddedServer
from gateway.backup import BackupDamaged, BackupManifest, read_backup
from gateway.cli.backup_check import EXIT_DAMAGED, EXIT_LOST, EXIT_NOT_HERE, Checked, check_restored
from gateway.cli.ledger_running import KeyOption, counted, verifier_keys
from gateway.cli.running import EXIT_UNAVAILABLE, console, database_url, run
from gateway.ledger.notes import VerifierKey
from gateway.settings import Settings

backup_app = typer.Typer(
    help="Backups of directory and ledger, taken, put back and rehearsed.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

TAKE_EXAMPLES: Final = "Example: `gateway backup take -o /srv/backups`"
RESTORE_EXAMPLES: Final = (
    "Example: `gateway backup restore /srv/backups/directory-E08000009-20260314T093000Z.json "
    "--checkpoint kept-last-month.txt`"
)
REHEARSE_EXAMPLES: Final = "Example: `gateway backup rehearse /srv/backups/directory-E08000009-20260314T093000Z.json`"

Manifest = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="The `.json` of a backup; its dump stands beside it.", dir_okay=False)
]
Kept = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint",
        help="A checkpoint that somebody kept elsewhere: what it covers beyond the backup is lost. May be repeated.",
        exists=True,
        dir_okay=False,
    ),
]


@backup_app.command("take", epilog=TAKE_EXAMPLES)
def take(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the files.", file_okay=False, exists=True, writable=True)
    ],
) -> None:
    """Write the whole database, as it is at one moment, into a dump and a signed manifest; gateways serve on.

    Keys are not in it: neither the ledger's master key nor those that sign. Keep those apart from it.
    Everybody's records are in it, unencrypted: only its owner can read the files; put them where nobody else can.
    Run it as whoever owns the tables.
    """

    async def act(settings: Settings) -> None:
        url = database_url(settings)
        async with seen(url, authority=settings.authority) as now:
            with counted("Backing up", sum(size.bytes for size in now.manifest.tables.values())) as advance:
                path = await back_up(
                    now,
                    url,
                    folder=output,
                    programs=settings.postgres_programs,
                    keys=signing_keys(settings),
                    advance=advance,
                )
        sys.stdout.write(f"{path}\n")
        console.print(
            f"{now.manifest.rows:,} rows and {now.manifest.entries:,} entries of the ledger. The ledger's keys are not "
            "in it: keep them apart, or nobody opens what is sealed.",
            highlight=False,
        )

    with _told():
        run(act)


@backup_app.command("restore", epilog=RESTORE_EXAMPLES)
def restore(manifest: Manifest, key: KeyOption = None, checkpoint: Kept = None) -> None:
    """Put a backup back into an empty database, whole or not at all, verify it, and say what was lost.

    The configured witnesses are asked how much they have signed.

    Exits with 3 if it could not be done, 4 if the database is not empty or the backup is of a newer release, 5 if the
    backup is not what was written, 6 if it is there and not as the manifest says, 7 if all is well with what is there
    and entries are known that are not in it, and otherwise as `gateway ledger verify`.
    """

    async def act(settings: Settings) -> int:
        keys = _keys(settings, key)
        read = read_backup(manifest, keys)
        url = database_url(settings)
        try:
            await refuse_to_restore(url, read)
        except BackupRefused as error:
            console.print(error.message, markup=False, style="red")
            return EXIT_NOT_HERE
        checked = await _put_back_and_checked(manifest, read, url, keys, settings, checkpoint or ())
        if outstanding := await pending(url):
            console.print(
                f"{len(outstanding)} migrations are outstanding: run `gateway migrate` before gateways serve."
            )
        console.print("Logins have no rights here yet: `gateway migrate --serve-as LOGIN`, before gateways serve.")
        return checked.fault or (EXIT_LOST if checked.lost else 0)

    with _told():
        _exit(run(act))


@backup_app.command("rehearse", epilog=REHEARSE_EXAMPLES)
def rehearse(
    manifest: Manifest,
    folder: Annotated[
        Path | None,
        typer.Option(help="Folder with room for the database; otherwise the temporary one.", exists=True),
    ] = None,
    key: KeyOption = None,
    checkpoint: Kept = None,
) -> None:
    """Put a backup back into a database of its own that is thrown away after, verify it, and report.

    Nothing is read from or written to the database that gateways use. Exits as `restore` does, and with 0 where
    entries are known that are younger than the backup: the report counts them.
    """

    async def act(settings: Settings) -> int:
        keys = _keys(settings, key)
        read = read_backup(manifest, keys)
        with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=folder) as place:
            server = EmbeddedServer(Path(place))
            server.start()
            try:
                checked = await _put_back_and_checked(manifest, read, server.url, keys, settings, checkpoint or ())
            finally:
                server.leave()
        return checked.fault

    with _told():
        _exit(run(act))


async def _put_back_and_checked(
    path: Path,
    manifest: BackupManifest,
    url: str,
    keys: list[VerifierKey],
    settings: Settings,
    kept: Sequence[Path],
) -> Checked:
    _say(
        f"Backup of {manifest.authority}, as it was on {manifest.at:%Y-%m-%d at %H:%M:%S} UTC: "
        f"{len(manifest.tables)} tables, {manifest.rows:,} rows, {manifest.length:,} bytes."
    )
    _say(f"Manifest: signed by {manifest.signer(keys).name}. Dump: the one it names.")
    began = perf_counter()
    with counted("Putting back", sum(size.bytes for size in manifest.tables.values())) as advance:
        await put_back(path, manifest, url, programs=settings.postgres_programs, advance=advance)
    _say(f"Put back in {perf_counter() - began:.1f} s.")
    began = perf_counter()
    checked = await check_restored(manifest, url, keys=keys, settings=settings, kept=kept)
    for sentence in checked.sentences:
        _say(sentence)
    _say(f"Checked in {perf_counter() - began:.1f} s.")
    return checked


def _keys(settings: Settings, texts: list[str] | None) -> list[VerifierKey]:
    given = verifier_keys(texts, "--key")
    if given and settings.ledger_signing_key_files is None:
        return given  # on a machine that signs nothing
    return [*given, *(key.verifier for key in signing_keys(settings))]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BackupDamaged as error:
        console.print(str(error), markup=False, style="red")
        raise typer.Exit(EXIT_DAMAGED) from error
    except OSError as error:
        console.print(f"A file could not be written: {error.strerror}.", markup=False, style="red")
        raise typer.Exit(EXIT_UNAVAILABLE) from error
