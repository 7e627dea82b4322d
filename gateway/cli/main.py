"""`gateway`: the families of commands, and what goes wrong before any of them begins."""

import typer

from gateway.cli.config import config_app
from gateway.cli.data import data_app
from gateway.cli.demo import demo
from gateway.cli.ledger import ledger_app
from gateway.cli.migrate import migrate_command
from gateway.cli.policy import policy_app
from gateway.cli.serve import serve
from gateway.cli.token import token

app = typer.Typer(
    help="Who is working with this child: a directory of one local authority, every field decided by policy "
    "and every answer recorded before it leaves.",
    epilog="Begin with `gateway demo`. Settings are environment variables; `gateway config check` explains them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
app.command("serve", epilog="Example: `GATEWAY_PORT=8080 gateway serve`")(serve)
app.command("demo", epilog="Examples: `gateway demo`; `gateway demo --once`")(demo)
app.command("migrate", epilog="Examples: `gateway migrate`; `gateway migrate --check`")(migrate_command)
app.command("token", epilog="Example: `gateway token nurse.okafor`")(token)
app.add_typer(data_app, name="data")
app.add_typer(policy_app, name="policy")
app.add_typer(ledger_app, name="ledger")
app.add_typer(config_app, name="config")


def main() -> None:
    """Run the command line."""
    app()
