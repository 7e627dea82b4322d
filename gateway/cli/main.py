"""`gateway`: the families of commands, and what goes wrong before any of them begins."""

from typing import Annotated

import typer

from gateway.cli.backup import backup_app
from gateway.cli.config import config_app
from gateway.cli.data import data_app
from gateway.cli.demo import demo
from gateway.cli.documents import documents_app
from gateway.cli.federation import federation_app
from gateway.cli.federation_locate import LOCATE_EXAMPLES, locate_command
from gateway.cli.federation_reconcile import CALLS_EXAMPLES, RECONCILE_EXAMPLES, calls_command, reconcile_command
from gateway.cli.federation_transfer import transfer_app
from gateway.cli.ledger import ledger_app
from gateway.cli.ledger_archive import archive, attach
from gateway.cli.ledger_close import CLOSE_EXAMPLES, close
from gateway.cli.ledger_disclosure import check_proof_command, disclose_proof
from gateway.cli.ledger_erase import erase
from gateway.cli.ledger_fhir import FHIR_EXAMPLES, fhir
from gateway.cli.ledger_follow import FOLLOW_EXAMPLES, follow_command
from gateway.cli.ledger_renew import RENEW_EXAMPLES, renew_secret
from gateway.cli.ledger_report import report
from gateway.cli.ledger_rewrap import rewrap
from gateway.cli.ledger_witnessed import WITNESSED_EXAMPLES, witnessed
from gateway.cli.migrate import migrate_command
from gateway.cli.policy import policy_app
from gateway.cli.register import register_app
from gateway.cli.serve import serve
from gateway.cli.token import token
from gateway.release import release

app = typer.Typer(
    help="Who is working with this child: a directory of one local authority, every field decided by policy "
    "and every answer recorded before it leaves.",
    epilog="Begin with `gateway demo`. Settings are environment variables; `gateway config check` explains them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)


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


app.command("serve", epilog="Examples: `GATEWAY_PORT=8080 gateway serve`; `gateway serve --workers 2`")(serve)
app.command("demo", epilog="Examples: `gateway demo`; `gateway demo --once`")(demo)
app.command("migrate", epilog="Examples: `gateway migrate`; `gateway migrate --check`")(migrate_command)
app.command("token", epilog="Example: `gateway token nurse.okafor`")(token)
app.add_typer(data_app, name="data")
app.add_typer(documents_app, name="documents")
app.add_typer(policy_app, name="policy")
app.add_typer(ledger_app, name="ledger")
ledger_app.command(
    "erase",
    epilog="Examples: `gateway ledger erase 0190f2b0-0000-7000-8000-000000000001 --reason 'Retention ended'`; "
    "`gateway ledger erase --unattributed --through 2019 --reason 'Retention ended'`",
)(erase)
ledger_app.command(
    "disclose-proof",
    epilog="Example: `gateway ledger disclose-proof 1041 --field Child.givenName --value Ayesha -o proof.json`",
)(disclose_proof)
ledger_app.command("rewrap", epilog="Example: `gateway ledger rewrap --from old-ledger.key`")(rewrap)
ledger_app.command(
    "report",
    epilog="Example: `gateway ledger report 0190f2b0-0000-7000-8000-000000000001 --by auditor.lund "
    "--reason 'Asked for by letter' -o report.pdf`",
)(report)
ledger_app.command("check-proof", epilog="Example: `gateway ledger check-proof proof.json`")(check_proof_command)
app.add_typer(federation_app, name="federation")
federation_app.add_typer(transfer_app, name="transfer")
federation_app.command("locate", epilog=LOCATE_EXAMPLES)(locate_command)
federation_app.command("calls", epilog=CALLS_EXAMPLES)(calls_command)
federation_app.command("reconcile", epilog=RECONCILE_EXAMPLES)(reconcile_command)
ledger_app.command(
    "archive",
    epilog="Examples: `gateway ledger archive --before 2026-01-01 -o /srv/archive`; "
    "`gateway ledger archive --before 1048576 -o /srv/archive --keep`",
)(archive)
ledger_app.command(
    "attach", epilog="Example: `gateway ledger attach /srv/archive/ledger-000000000000-000001048575.json`"
)(attach)
ledger_app.command("close", epilog=CLOSE_EXAMPLES)(close)
ledger_app.command("witnessed", epilog=WITNESSED_EXAMPLES)(witnessed)
ledger_app.command("renew-secret", epilog=RENEW_EXAMPLES)(renew_secret)
ledger_app.command("fhir", epilog=FHIR_EXAMPLES)(fhir)
ledger_app.command("follow", epilog=FOLLOW_EXAMPLES)(follow_command)
app.add_typer(register_app, name="register")
app.add_typer(backup_app, name="backup")
app.add_typer(config_app, name="config")


def main() -> None:
    """Run the command line."""
    app()
