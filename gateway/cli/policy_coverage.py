"""`gateway policy coverage`: which rule of the domain is carried out where, and which cases prove it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from connectors.policy_questions import Case, read_cases
from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES
from gateway.workbench.annotations import read_annotations

PACKAGED_TABLE: Final = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
_DOMAIN: Final = "domain.json"
_REASON: Final = re.compile(r'^refusals\[\w+\]\["([^"]+)"\]')
_HEAD: Final = """# Rules

Which rule of the domain is carried out by which rule of the policies, and which named cases prove it.
Made by `gateway policy coverage --write` from the metadata of `policies/directory/*.rego`, the cases in
`policies/cases/*.json` and `policies/domain.json`; a test keeps it so.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One rule of the domain: the rules that carry it out, the cases that prove it, and what else holds it."""

    code: str
    title: str
    rules: tuple[str, ...]
    cases: tuple[str, ...]
    held_by: tuple[str, ...]
    note: str | None


def coverage(
    policies: Annotated[
        Path, typer.Option("--policies", help="Folder of the rule set.", exists=True, file_okay=False)
    ] = PACKAGED_POLICIES,
    write: Annotated[bool, typer.Option("--write", help="Write the table to its file.")] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="File of the table.", dir_okay=False)] = PACKAGED_TABLE,
) -> None:
    """Show which rule of the domain each rule and case serves, or write the table of the documents.

    Exits with 1 if a rule of the domain is held by nothing, or the file is out of date.
    """
    rows = carried(policies)
    table = as_markdown(rows)
    if write:
        output.write_text(table, encoding="utf-8")
        typer.echo(f"{output}: {len(rows)} rules of the domain")
    for row in rows:
        what = f"{len(row.rules)} rules, {len(row.cases)} cases" if row.rules else ", ".join(row.held_by)
        typer.echo(f"{row.code}  {row.title}: {what}")
    gaps = [row.code for row in rows if not (row.rules and row.cases) and not row.held_by]
    if gaps:
        typer.echo(f"held by nothing: {', '.join(gaps)}")
    current = output.read_text(encoding="utf-8") if output.exists() else ""
    if current != table:
        typer.echo(f"{output} is out of date: run `gateway policy coverage --write`")
    raise typer.Exit(1 if gaps or current != table else 0)


def carried(policies: Path) -> list[Carried]:
    """Return every rule of the domain, in the order of `domain.json`.

    Raises:
        CaseUnreadable: A case cannot be read.
        RuleSetUnreadable: The rules cannot be read.
    """
    domain: Mapping[str, Mapping[str, Any]] = json.loads((policies / _DOMAIN).read_text(encoding="utf-8"))
    rules = list(_rules(RuleSet.read(policies)))
    cases = read_cases(policies)
    return [
        Carried(
            code=code,
            title=entry["title"],
            rules=tuple(dict.fromkeys(name for name, served in rules if code in served)),
            cases=tuple(case.name for case in cases if code in served_by(case)),
            held_by=tuple(entry.get("held_by", ())),
            note=entry.get("note"),
        )
        for code, entry in domain.items()
    ]


def served_by(case: Case) -> list[str]:
    """Return the rules of the domain that a case says it proves."""
    return [code.strip() for code in case.why.split(",")]


def as_markdown(rows: Sequence[Carried]) -> str:
    """Return the table of the documents, with every case below it."""
    lines = [
        _HEAD,
        "| | Rule of the domain | Rules of the policies | Cases | Held elsewhere |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        rules = "<br>".join(f"`{rule}`" for rule in row.rules)
        elsewhere = "<br>".join([*(f"`{place}`" for place in row.held_by), *([row.note] if row.note else [])])
        cases = f"[{len(row.cases)}](#{row.code.lower()})" if row.cases else ""
        lines.append(f"| {row.code} | {row.title} | {rules} | {cases} | {elsewhere} |")
    for row in rows:
        if row.cases:
            lines += ["", f"## {row.code}", "", f"{row.title}.", "", *(f"- {_sentence(name)}" for name in row.cases)]
    return "\n".join(lines) + "\n"


def _rules(rules: RuleSet) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the name of each annotated rule, a refusal by its reason, with the rules of the domain it serves."""
    for rule in read_annotations(rules.modules).rules:
        served = frozenset((rule.metadata or {}).get("custom", {}).get("domain", ()))
        if served:
            found = _REASON.match(rule.text)
            subject = rule.package.rpartition(".")[2]
            yield f"{subject}: {found[1] if found else rule.name}", served


def _sentence(name: str) -> str:
    return name.replace("-", " ").capitalize()
