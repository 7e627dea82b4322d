"""`gateway ledger key`: keys that sign checkpoints, and keys that cosign others'."""

from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.checkpoint_keys import new_key, write_key
from gateway.cli.running import run
from gateway.ledger.notes import MalformedNote, SigningKey
from gateway.settings import Settings, SettingsError

key_app = typer.Typer(help="Keys of checkpoints and witnesses.", no_args_is_help=True, rich_markup_mode="markdown")

NEW_EXAMPLES: Final = (
    "Examples: `gateway ledger key new checkpoint-2027.key`; `gateway ledger key new --for-witness witness.key`"
)


@key_app.command("new", epilog=NEW_EXAMPLES)
def new(
    file: Annotated[Path, typer.Argument(help="File to write; never over another.", dir_okay=False)],
    for_witness: Annotated[
        bool, typer.Option("--for-witness", help="A key to cosign others' checkpoints, not to sign one's own.")
    ] = False,
    number: Annotated[
        int, typer.Option(help="Under which of the ledger's names it signs: 2 after it was closed once.", min=1)
    ] = 1,
) -> None:
    """Make a key of this gateway's authority that only its owner can read, and print its public half for others."""

    async def act(settings: Settings) -> None:
        key = new_key(settings, witness=for_witness, number=number)
        try:
            write_key(file, key)
        except OSError as error:
            raise SettingsError(f"{file}: {error.strerror}") from None
        typer.echo(str(key.verifier))

    run(act)


@key_app.command("show", epilog="Example: `gateway ledger key show checkpoint-2027.key`")
def show(file: Annotated[Path, typer.Argument(help="A key file.", exists=True, dir_okay=False)]) -> None:
    """Print the public half of a key file."""
    try:
        typer.echo(str(SigningKey.parse(file.read_text(encoding="utf-8")).verifier))
    except (MalformedNote, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error)) from error
