"""`gateway ledger disclose-proof` and `check-proof`: what value was told, shown without opening anything else."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.database import Database
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.running import console, ready_database_url, run
from gateway.ledger.disclosure_proof import (
    AnotherValue,
    NoSuchDisclosure,
    NotShown,
    Shown,
    check_proof,
    prove_value,
)
from gateway.ledger.opening import tags_of
from gateway.settings import Settings

EXIT_NO_SUCH_DISCLOSURE: Final = 4
EXIT_ANOTHER_VALUE: Final = 5
EXIT_NOT_SHOWN: Final = 6


def disclose_proof(
    seq: Annotated[int, typer.Argument(help="Number of the entry.", min=0)],
    field: Annotated[str, typer.Option(help="The disputed field, as `Child.givenName`.")],
    value: Annotated[str, typer.Option(help="The value that is said to have been told: JSON, or plain words.")],
    record: Annotated[str | None, typer.Option(help="Id of the record, where the entry told several.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.", dir_okay=False)
    ] = None,
) -> None:
    """Show that one value was told in one field of one entry.

    The document opens the sealed part that the record is in (ids and commitments, no other value) and this one
    commitment. Whoever gets it checks it with `gateway ledger check-proof`, without any key and without a database.

    Exits with 4 if the field was not told or can no longer be opened, 5 if it was told with another value.
    """
    record_type, _, name = field.partition(".")
    if not name:
        raise typer.BadParameter("write the field as Type.name, for example Child.givenName")

    async def act(settings: Settings) -> dict[str, Any]:
        keys = SealingKeys(ledger_master_key(settings))
        database = await Database.open(await ready_database_url(settings), pool_min=1, pool_max=1, timeout=30.0)
        try:
            reader = OpeningLedgerReader(database, keys)
            stored = await reader.entry(seq)
            if stored is None:
                raise NoSuchDisclosure(f"The ledger has no entry {seq}.")
            opened = (await reader.opened([stored]))[0]
            return prove_value(
                opened,
                await keys.by_tag(database, tags_of(opened.document)),
                await keys.commitments(database),
                field=(record_type, name),
                value=_json(value),
                record_id=record,
            )
        finally:
            await database.close()

    try:
        proof = orjson.dumps(run(act), option=orjson.OPT_INDENT_2) + b"\n"
    except NoSuchDisclosure as error:
        console.print(str(error), markup=False)
        raise typer.Exit(EXIT_NO_SUCH_DISCLOSURE) from error
    except AnotherValue as error:
        console.print(str(error), markup=False)
        raise typer.Exit(EXIT_ANOTHER_VALUE) from error
    if output is None:
        sys.stdout.buffer.write(proof)
    else:
        output.write_bytes(proof)


def check_proof_command(
    file: Annotated[Path, typer.Argument(help="A document made by `disclose-proof`.", exists=True, dir_okay=False)],
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check such a document with nothing but itself, and say what it shows.

    That the entry is in the ledger is shown by an inclusion proof for the hash that is printed.
    Exits with 6 if it does not show what it says.
    """
    try:
        document = orjson.loads(file.read_bytes())
        if not isinstance(document, dict):
            raise NotShown("the document is not whole")
        shown = check_proof(document)
    except (NotShown, orjson.JSONDecodeError) as error:
        said = "it is not JSON" if isinstance(error, orjson.JSONDecodeError) else str(error)
        console.print(f"Nothing is shown: {said}.", markup=False)
        raise typer.Exit(EXIT_NOT_SHOWN) from error
    typer.echo(orjson.dumps(_as_json(shown)).decode() if json else _sentence(shown))


def _sentence(shown: Shown) -> str:
    value = orjson.dumps(shown.value).decode()
    return (
        f"On {shown.at}, entry {shown.seq} told {shown.person or 'nobody known'} that {shown.type}.{shown.field} of "
        f"{shown.record_id} is {value}.\nHash of the entry: {shown.leaf_hash.hex()}"
    )


def _as_json(shown: Shown) -> dict[str, Any]:
    return {
        "seq": shown.seq,
        "at": shown.at,
        "person": shown.person,
        "type": shown.type,
        "id": shown.record_id,
        "field": shown.field,
        "value": shown.value,
        "leaf_hash": shown.leaf_hash.hex(),
    }


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
