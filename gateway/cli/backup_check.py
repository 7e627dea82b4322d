"""What was put back held against the backup's manifest, its ledger verified, and what is known to be lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.checkpoint_keys import witness_addresses
from connectors.ledger_secret import has_master_key, ledger_master_key
from connectors.postgres.backup import otherwise_than
from connectors.postgres.database import Database
from connectors.postgres.ledger_check import LedgerCheck
from connectors.witness import WitnessClient
from gateway.backup import BackupManifest
from gateway.cli.ledger_running import REPORT_TIMEOUT, counted, held_checkpoint, workers
from gateway.errors import SourceFailed
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.notes import VerifierKey
from gateway.ledger.verification import EXIT_CODES, Claim, Verification
from gateway.ledger.witness import ask_text
from gateway.ledger.witnessing import WitnessAddress, WitnessRefused
from gateway.settings import Settings

EXIT_NOT_HERE: Final = 4
EXIT_DAMAGED: Final = 5
EXIT_OTHERWISE: Final = 6
EXIT_LOST: Final = 7


_NO_MASTER_KEY: Final = "Keys: there is no master key here, so nobody knows whether what is sealed still opens."
_NOTHING_KNOWN: Final = (
    "Lost: nothing that a witness or a kept checkpoint covers. What only this ledger had signed is not seen."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found, in sentences; `fault` is the exit code of the worst, `lost` whether entries are known to be."""

    sentences: tuple[str, ...]
    fault: int
    lost: bool


async def check_restored(
    manifest: BackupManifest, url: str, *, keys: Sequence[VerifierKey], settings: Settings, kept: Sequence[Path]
) -> Checked:
    """Return what is to be said of a database that a backup was put back into.

    Raises:
        SourceFailed: The database did not answer.
    """
    otherwise = await otherwise_than(manifest, url)
    findings = (await _verified(manifest, url, keys=keys, settings=settings, kept=kept)).findings
    lost, silent = await _lost(manifest, keys=keys, settings=settings, kept=kept)
    sentences = [
        *(otherwise or ["Tables: each has as many rows as it had."]),
        *(f"Ledger: {found.trouble}: {found.sentence}" for found in findings),
        *(() if findings else (f"Ledger: {manifest.entries:,} entries verified, nothing found.",)),
        *(() if has_master_key(settings) else (_NO_MASTER_KEY,)),
        *(lost or [_NOTHING_KNOWN]),
        *silent,
    ]
    fault = EXIT_CODES[findings[0].trouble] if findings else EXIT_OTHERWISE if otherwise else 0
    return Checked(sentences=tuple(sentences), fault=fault, lost=bool(lost))


async def _verified(
    manifest: BackupManifest, url: str, *, keys: Sequence[VerifierKey], settings: Settings, kept: Sequence[Path]
) -> Verification:
    database = await Database.open(url, pool_min=1, pool_max=2, timeout=max(REPORT_TIMEOUT, settings.database_timeout))
    try:
        check = LedgerCheck(
            database,
            origin=origin_of(manifest.authority),
            keys=keys,
            witnesses=[address.key for address in witness_addresses(settings)],
            master=ledger_master_key(settings) if has_master_key(settings) else None,
        )
        for file in kept:
            held = held_checkpoint(file, keys)
            if held.size <= manifest.entries:
                check.verification.claim(Claim(checkpoint=held, source=f"in {file.name}", own=False))
        scale = await check.scale(at=manifest.at)
        with workers(scale.entries, None) as pool, counted("Verifying", scale.entries) as advance:
            await check.run(scale, workers=pool, advance=advance)
        return check.verification
    finally:
        await database.close()


async def _lost(
    manifest: BackupManifest, *, keys: Sequence[VerifierKey], settings: Settings, kept: Sequence[Path]
) -> tuple[list[str], list[str]]:
    """Return a sentence for whoever holds more than the backup does, and one for each witness that did not say."""
    held = {file.name: held_checkpoint(file, keys).size for file in kept}
    silent = []
    client = WitnessClient()
    try:
        for witness in witness_addresses(settings):
            try:
                held[witness.key.name] = await _held_by(witness, manifest, client)
            except SourceFailed as error:
                silent.append(f"Witness {witness.key.name}: {error.message}")
    finally:
        await client.close()
    lost = [
        f"Lost: {size - manifest.entries:,} entries, from {manifest.entries:,} on: {name} covers {size:,}. "
        "Their answers were told, and nothing says to whom."
        for name, size in held.items()
        if size > manifest.entries
    ]
    return lost, silent


async def _held_by(witness: WitnessAddress, manifest: BackupManifest, client: WitnessClient) -> int:
    """Return how many entries a witness has signed for, as it says; it is not shown anything new."""
    newest = manifest.newest
    if newest is None:
        return 0
    try:
        # Claimed to be what it holds already: it signs that again, or says how much it holds.
        await client.ask(witness, ask_text(newest.size, (), manifest.checkpoint or ""))
    except WitnessRefused as refused:
        return refused.held or 0
    return newest.size
