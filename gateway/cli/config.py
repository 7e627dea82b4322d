"""`gateway config`: the settings, what they mean and whether they can be used."""

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from gateway.cli.running import console, run
from gateway.settings import PACKAGED_POLICIES, PACKAGED_WORDS, Settings, SettingsError

config_app = typer.Typer(help="The settings.", no_args_is_help=True, rich_markup_mode="markdown")


@config_app.command("check", epilog="Example: `GATEWAY_ENV=production gateway config check`")
def check() -> None:
    """Read the settings as a start would, and show each with its meaning; secrets are never shown."""

    async def act(settings: Settings) -> None:
        table = Table("setting", "value", "meaning")
        for name, definition in Settings.model_fields.items():
            value = getattr(settings, name)
            changed = value != definition.default
            shown = "(set)" if isinstance(value, SecretStr) else "(unset)" if value is None else str(value)
            table.add_row(
                f"GATEWAY_{name.upper()}", f"[bold]{shown}[/bold]" if changed else shown, definition.description
            )
        Console().print(table)
        missing = missing_in_production(settings)
        if missing:
            raise SettingsError("Missing in production: " + ", ".join(missing))
        console.print("These settings can be used.")

    run(act)


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
