"""`gateway`: the families of commands, and what goes wrong before any of them begins."""

from typing import Annotated

import typer

from gateway.cli.later import Later, family
from gateway.release import release

app = family(
    Later(
        "serve",
        "gateway.cli.serve:serve",
        "Serve the graph until told to stop. Refuses to start on a database that is not migrated.",
        epilog="Examples: `GATEWAY_PORT=8080 gateway serve`; `gateway serve --workers 2`",
    ),
    Later(
        "demo",
        "gateway.cli.demo:demo",
        "Start the gateway over a small world of made-up people, and show what it does.",
        epilog="Examples: `gateway demo`; `gateway demo --once`",
    ),
    Later(
        "migrate",
        "gateway.cli.migrate:migrate_command",
        "Apply the migrations that are outstanding, forward only; safe while gateways serve.",
        epilog="Examples: `gateway migrate`; `gateway migrate --check`",
    ),
    Later(
        "token",
        "gateway.cli.token:token",
        "Print a token for a registered person, signed with the development key. Refused in production.",
        epilog="Example: `gateway token nurse.okafor`",
    ),
    Later("data", "gateway.cli.data:data_app", "Bring records into the directory."),
    Later(
        "documents",
        "gateway.cli.documents:documents_app",
        "Documents that clients are built with, to be trusted by their hash.",
    ),
    Later(
        "policy",
        "gateway.cli.policy:policy_app",
        "The rules of disclosure: see them, try them, change them, prove the engines.",
    ),
    Later(
        "ledger",
        "gateway.cli.ledger:ledger_app",
        "The log of every resolved field: look into it, take it out, check it.",
    ),
    Later(
        "federation",
        "gateway.cli.federation:federation_app",
        "Membership of the federation: other authorities' gateways, and who they are.",
    ),
    Later(
        "register",
        "gateway.cli.register:register_app",
        "Who may ask: suspend somebody at once, give access back, see who is suspended.",
    ),
    Later("backup", "gateway.cli.backup:backup_app", "Backups of directory and ledger, taken, put back and rehearsed."),
    Later("config", "gateway.cli.config:config_app", "The settings."),
    help="Who is working with this child: a directory of one local authority, every field decided by policy "
    "and every answer recorded before it leaves.",
    epilog="Begin with `gateway demo`. Settings are environment variables; `gateway config check` explains them.",
)
app.pretty_exceptions_show_locals = False


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"directory-gateway {release()}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()
