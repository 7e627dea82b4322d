"""`gateway config`: the settings, what they mean and whether they can be used."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.running import EXIT_REFUSED, EXIT_UNAVAILABLE, console, run
from gateway.settings import PACKAGED_POLICIES, PACKAGED_WORDS, Settings

if TYPE_CHECKING:
    from gateway.cli.config_checks import Finding

config_app = typer.Typer(help="The settings.", no_args_is_help=True, rich_markup_mode="markdown")


@config_app.command(
    "check", epilog="Examples: `GATEWAY_ENV=production gateway config check`; `gateway config check --json`"
)
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, and no settings.")] = False,
) -> None:
    """Show each setting with its meaning, and look at everything that a start needs, with a way out where it fails.

    Nothing is changed by looking, save that the embedded database is started and migrated; secrets are never shown.
    Exits with 0 where the gateway can start, with 2 where something cannot be used, and with 3 where something cannot
    be reached.
    """

    async def act(settings: Settings) -> int:
        # Imported here: looking takes the whole gateway, and documenting the settings does not.
        from gateway.cli.config_checks import Checks, Finding

        if not as_json:
            Console().print(_settings_table(settings))
        missing = missing_in_production(settings)
        findings: list[Finding] = []
        async for finding in Checks(settings).findings():
            findings.append(finding)
            if not as_json:
                _show(finding)
        if as_json:
            typer.echo(orjson.dumps(_document(findings, missing), option=orjson.OPT_INDENT_2).decode())
        elif missing:
            console.print("Missing in production: " + ", ".join(missing), style="red")
        return _exit_code(findings, missing)

    code = run(act)
    if code:
        raise typer.Exit(code)
    if not as_json:
        console.print("The gateway can start with these settings.")


def _settings_table(settings: Settings) -> Table:
    table = Table("setting", "value", "meaning")
    for name, definition in Settings.model_fields.items():
        value = getattr(settings, name)
        changed = value != definition.default
        shown = "(set)" if isinstance(value, SecretStr) else "(unset)" if value is None else str(value)
        table.add_row(f"GATEWAY_{name.upper()}", f"[bold]{shown}[/bold]" if changed else shown, definition.description)
    return table


_MARKS = {"good": "[green]✓[/green]", "warning": "[yellow]![/yellow]"}


def _show(finding: "Finding") -> None:
    out = Console(soft_wrap=True)
    out.print(f"{_MARKS.get(finding.verdict, '[red]✗[/red]')} [bold]{finding.subject}[/bold]: {escape(finding.said)}")
    if finding.way_out:
        out.print(f"  {escape(finding.way_out)}", style="dim")


def _document(findings: Sequence["Finding"], missing: Sequence[str]) -> Mapping[str, object]:
    return {
        "usable": _exit_code(findings, missing) == 0,
        "missing": list(missing),
        "findings": [
            {"subject": one.subject, "verdict": one.verdict, "said": one.said, "way_out": one.way_out}
            for one in findings
        ],
    }


def _exit_code(findings: Sequence["Finding"], missing: Sequence[str]) -> int:
    verdicts = {str(finding.verdict) for finding in findings}
    if missing or "unusable" in verdicts:
        return EXIT_REFUSED
    return EXIT_UNAVAILABLE if "unreachable" in verdicts else 0


@config_app.command("document", epilog="Example: `gateway config document > docs/settings.md`")
def document() -> None:
    """Print every setting with its default and meaning as Markdown."""
    typer.echo(settings_document(), nl=False)


def settings_document() -> str:
    """Return `docs/settings.md`, made from the settings' own definitions."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once at start.",
        "This page is made by `gateway config document`; `gateway config check` shows the values in force.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    for name, definition in Settings.model_fields.items():
        packaged = definition.default in (PACKAGED_POLICIES, PACKAGED_WORDS)
        default = "unset" if definition.default is None else "packaged" if packaged else f"`{definition.default}`"
        lines.append(f"| `GATEWAY_{name.upper()}` | {default} | {definition.description} |")
    return "\n".join(lines) + "\n"


def missing_in_production(settings: Settings) -> list[str]:
    """Return the variables that production cannot do without and that are not set."""
    if settings.env != "production":
        return []
    needed = {
        "GATEWAY_TOKEN_JWKS": settings.token_jwks,
        "GATEWAY_LEDGER_KEY_FILE": settings.ledger_key_file or settings.ledger_key_command,
        "GATEWAY_LEDGER_SIGNING_KEY_FILES": settings.ledger_signing_key_files,
    }
    return [name for name, value in needed.items() if value is None]
