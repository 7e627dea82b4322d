"""`gateway ledger prove` and `checkpoint`: what shows an outsider that an entry is in the ledger, and its head."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import typer

from connectors.checkpoint_keys import signing_keys
from connectors.postgres.checkpoints import CheckpointReader
from connectors.postgres.ledger import PostgresLedgerReader
from gateway.cli.ledger_running import EXIT_NO_SUCH_ENTRY, held_checkpoint, ledger_database
from gateway.cli.running import console, run
from gateway.errors import AuditUnavailable
from gateway.ledger.canonical import leaf_hash
from gateway.ledger.checkpoint import hash_text
from gateway.ledger.checkpointing import StoredCheckpoint
from gateway.ledger.closing import vouched_for
from gateway.ledger.merkle import verify_consistency, verify_inclusion
from gateway.ledger.tree import TreeDamaged, consistency_proof, head_at, inclusion_proof
from gateway.ledger.verification import EXIT_CODES, Trouble
from gateway.ledger.witnessing import note_with
from gateway.settings import Settings


def prove(
    seq: Annotated[int, typer.Argument(help="Sequence number of the entry.", min=0)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof with its checkpoint as JSON.")] = False,
) -> None:
    """Print the proof that an entry is under the newest checkpoint, once it is checked.

    The hash is made of the entry as it stands, so an edited entry cannot be proved. Exits with 4 if there is no such
    entry under a checkpoint, and with 17 if the proof does not hold.
    """

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            reader = CheckpointReader(database)
            newest = await _newest(reader)
            stored = await PostgresLedgerReader(database).entry(seq)
            if stored is None or seq >= newest.size:
                console.print(f"The ledger has no entry {seq} under a checkpoint.")
                raise typer.Exit(EXIT_NO_SUCH_ENTRY)
            try:
                proof = await inclusion_proof(reader, seq, newest.size, held=newest.size)
            except TreeDamaged as damaged:
                _damaged(str(damaged))
            found = leaf_hash(stored.entry)
            if not verify_inclusion(seq, newest.size, found, proof, newest.root):
                _damaged(f"Entry {seq} is not the one that was signed, or the tree was changed.")
            note = note_with(newest, await reader.cosignatures(newest.id))
        hashes = [hash_text(one) for one in proof]
        document = {
            "seq": seq,
            "size": newest.size,
            "leaf_hash": hash_text(found),
            "proof": hashes,
            "checkpoint": note,
        }
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
            return
        lines = [f"Entry {seq} is in the tree of {newest.size} entries.", f"leaf   {document['leaf_hash']}"]
        lines += [f"{place:>5}  {one}" for place, one in enumerate(hashes, start=1)]
        sys.stdout.write("\n".join([*lines, f"root   {hash_text(newest.root)}", "", note]))

    run(act)


def checkpoint(
    since: Annotated[
        Path | None,
        typer.Option(
            help="A checkpoint that was kept: print the proof that the newest one continues it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Print the newest checkpoint with its cosignatures, to be kept elsewhere: `verify --checkpoint` goes by it.

    With --since exits with 17 if the ledger does not continue what was kept, and with 18 if it is shorter.
    """

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            reader = CheckpointReader(database)
            newest = await _newest(reader)
            sys.stdout.write(note_with(newest, await reader.cosignatures(newest.id)))
            if since is None:
                return
            own = [key.verifier for key in signing_keys(settings)]
            held = held_checkpoint(since, vouched_for([*(await reader.closings()).values()], own))
            if held.size > newest.size:
                sys.stdout.write(f"\ntail-cut: {since.name} is over {held.size} entries.\n")
                raise typer.Exit(EXIT_CODES[Trouble.TAIL_CUT])
            try:
                proof = await consistency_proof(reader, held.size, newest.size, held=newest.size)
                now = (await head_at(reader, held.size, held=newest.size)).root
            except TreeDamaged as damaged:
                _damaged(str(damaged))
        if now != held.root or not verify_consistency(held.size, newest.size, held.root, newest.root, proof):
            _damaged(f"The first {held.size} entries are not those of {since.name}.")
        lines = [hash_text(one) for one in proof]
        sys.stdout.write("\n".join(["", f"It continues the {held.size} entries of {since.name}:", *lines, ""]))

    run(act)


async def _newest(reader: CheckpointReader) -> StoredCheckpoint:
    newest = await reader.newest()
    if newest is None:
        raise AuditUnavailable("No gateway has signed the ledger yet.", reason="ledger-unsigned")
    return newest


def _damaged(sentence: str) -> NoReturn:
    sys.stdout.write(f"{Trouble.TREE_DISAGREES}: {sentence}\n")
    raise typer.Exit(EXIT_CODES[Trouble.TREE_DISAGREES])
