"""`gateway policy codes`: what the codes in `withheld` say, as the rules' own data say it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES


def codes(
    policies: Annotated[Path, typer.Option("--policies", help="Folder of the rule set.")] = PACKAGED_POLICIES,
) -> None:
    """Print every code that policy may tell, and every remedy, with its sentence, as Markdown."""
    typer.echo(codes_document(RuleSet.read(policies)), nl=False)


def codes_document(rules: RuleSet) -> str:
    """Return `docs/codes.md`, made from the rules' data."""
    lines = [
        "# Codes that policy tells",
        "",
        "This page is made by `gateway policy codes` from `policies/data.json`.",
        "",
        "Reasons, as in `withheld { reason }` and in the refusal of a change:",
        "",
        *_table(rules.data["tells"]),
        "",
        "Remedies, as in `withheld { remedy }`; `NONE` where there is none:",
        "",
        *_table(rules.data["remedies"]),
    ]
    return "\n".join(lines) + "\n"


def _table(sentences: Mapping[str, str]) -> list[str]:
    return ["| code | what it says |", "|---|---|", *(f"| `{code}` | {text} |" for code, text in sentences.items())]
