"""`gateway ledger verify`: whether the ledger, or an export of it, is what was signed."""

import gzip
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from connectors.checkpoint_keys import signing_keys, witness_addresses
from connectors.ledger_secret import has_master_key, ledger_master_key
from connectors.postgres.ledger_check import LedgerCheck
from gateway.cli.ledger_running import (
    KeyOption,
    WitnessOption,
    counted,
    held_checkpoint,
    ledger_database,
    verifier_keys,
    workers,
)
from gateway.cli.running import console, run
from gateway.ledger.archive import ArchiveDamaged, entries_file, manifests_in
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.export import MalformedExport, read_header
from gateway.ledger.export_check import ExportCheck
from gateway.ledger.master_key import MasterKey
from gateway.ledger.notes import VerifierKey
from gateway.ledger.verification import EXIT_CODES, Claim, Trouble, Verification
from gateway.settings import Settings


def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export; otherwise the database.", exists=True, dir_okay=False)
    ] = None,
    key: KeyOption = None,
    witness: WitnessOption = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="A checkpoint that somebody kept elsewhere; the only thing that finds a tail cut together "
            "with its checkpoints. May be repeated.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            help="Folder with what `gateway ledger archive` wrote: checked with the database as one sequence.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Processes to check with; otherwise one a core.", min=1)] = None,
) -> None:
    """Check every entry, hash, number, index row, tile, checkpoint and signature, and say what was found.

    An export, or an archive's `.jsonl.gz`, is checked without a database and without settings, by the keys given. The
    database is checked by the gateway's own keys and witnesses, and by those given.

    Exits with 0 if all is well, else by what is told first: 10 gap, 11 duplicate, 12 out of order, 13 edited entry,
    14 malformed, 15 misnumbered, 16 index disagrees, 17 tree disagrees, 18 tail cut, 19 fork, 20 replayed head,
    21 tile disagrees, 22 false signature, 23 unknown key, 24 unsigned, 25 not cosigned, 26 bad checkpoint,
    27 a sealing key is gone that no entry says was destroyed, 28 one was changed or moved, 29 an erasure is unfinished,
    30 the secret behind the commitments is not the one they were made under, 31 a withholding, suspension, outcome
    or brokered contact that no entry tells of.
    """
    keys, witnesses = verifier_keys(key, "--key"), verifier_keys(witness, "--witness")
    if file is not None:
        if not keys:
            raise typer.BadParameter("an export is checked by the ledger's keys: give --key")
        _tell(_verify_file(file, keys, witnesses, checkpoint or (), processes))
        return

    archives = None if archive is None else _archives_in(archive)

    async def act(settings: Settings) -> Verification:
        own = [*keys, *(one.verifier for one in signing_keys(settings))]
        expected = [*witnesses, *(address.key for address in witness_addresses(settings))]
        async with ledger_database(settings) as database:
            check = LedgerCheck(
                database,
                origin=origin_of(settings.authority),
                keys=own,
                witnesses=expected,
                archives=archives,
                master=_master_key(settings),
            )
            scale = await check.scale()
            known = await check.keys()
            for kept in checkpoint or ():
                held = held_checkpoint(kept, known)
                check.verification.claim(Claim(checkpoint=held, source=f"in {kept.name}", own=False))
                if scale.signed < held.size <= scale.entries:
                    check.verification.add(
                        Trouble.REPLAYED_HEAD,
                        f"The newest checkpoint in the database is over {scale.signed:,} entries, and {kept.name} over "
                        f"{held.size:,}: the head is an old one.",
                        first_seq=scale.signed,
                    )
            with workers(scale.entries, processes) as pool, counted("Verifying", scale.entries) as advance:
                await check.run(scale, workers=pool, advance=advance)
            console.print(f"{scale.entries:,} entries, {scale.signed:,} of them under a checkpoint.")
            for part in scale.archived:
                where = "only their hashes are here" if archives is None else "looked for in the folder given"
                console.print(f"Entries {part.first:,} to {part.end - 1:,} are archived: {where}.")
            for closing in check.closings:
                console.print(closing.sentence, markup=False)
            return check.verification

    _tell(run(act))


def _master_key(settings: Settings) -> MasterKey | None:
    if not has_master_key(settings):
        console.print("There is no master key here: whether keys, or the secret of commitments, changed is unchecked.")
        return None
    return ledger_master_key(settings)


def _verify_file(
    file: Path,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    checkpoints: Sequence[Path],
    processes: int | None,
) -> Verification:
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            header = read_header(stream.readline())
            if header is None:
                stream.seek(0)
            check = ExportCheck(header, keys=keys, witnesses=witnesses)
            for kept in checkpoints:
                if not check.hold_to(held_checkpoint(kept, keys), source=f"in {kept.name}"):
                    console.print(f"{kept.name} is over entries that the export does not hold: not compared.")
            entries = 0 if header is None else header.end - header.first
            with workers(entries, processes) as pool, counted("Verifying", entries) as advance:
                check.run(stream, workers=pool, advance=advance)
    except MalformedExport as error:
        raise typer.BadParameter(str(error)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise typer.BadParameter(f"{file.name} cannot be read to its end") from error
    if header is not None:
        console.print(
            f"{header.end - header.first:,} entries from {header.first:,} on, under a checkpoint over {header.size:,}."
        )
    return check.verification


def _archives_in(folder: Path) -> Mapping[int, Path]:
    try:
        return {manifest.first: entries_file(path, manifest) for path, manifest in manifests_in(folder)}
    except ArchiveDamaged as error:
        raise typer.BadParameter(str(error)) from error


def _tell(verification: Verification) -> None:
    findings = verification.findings
    for found in findings:
        sys.stdout.write(f"{found.trouble}: {found.sentence}\n")
    if findings:
        raise typer.Exit(EXIT_CODES[findings[0].trouble])
    sys.stdout.write("Nothing found.\n")
