"""`gateway policy test` and `lint`: whether the rules do what their cases say, and are written as they should be."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape

from connectors.embedded_engine import EmbeddedDecider
from connectors.opa_command import COMMAND_TIMEOUT, find_opa, find_regal, run
from connectors.policy_judgement import Difference, differences
from connectors.policy_questions import Case, read_cases
from connectors.portable_rego import unportable
from connectors.rule_set import RuleSet
from gateway.cli.policy_rules import AUTHOR_TIMEOUT, AsJson, Folder, console, explained, printed
from gateway.errors import DecisionUnavailable
from gateway.settings import PACKAGED_POLICIES


def try_cases(
    policies: Folder = PACKAGED_POLICIES,
    only: Annotated[str, typer.Option(help="Only cases whose name has this in it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Try every named situation on the embedded engine, then the Rego tests where opa is installed.

    With --only the Rego tests are left out, which know no names of cases. Exits with 1 on a failure.
    """
    with explained():
        cases = [case for case in read_cases(policies) if only in case.name]
        failed = asyncio.run(_try(policies, cases))
    opa_said = None if only else _opa_test(policies)
    if as_json:
        printed(orjson.dumps(_document(cases, failed, opa_said), option=orjson.OPT_INDENT_2).decode(), None)
    else:
        for case, found in failed:
            _report(case, found)
        console.print(f"{len(cases) - len(failed)} of {len(cases)} cases hold on the embedded engine")
        if opa_said is not None:
            console.print(escape(opa_said[1]))
        elif not only:
            console.print("opa is not installed, so the Rego tests were not run")
    raise typer.Exit(1 if failed or (opa_said and not opa_said[0]) or not cases else 0)


def lint(policies: Folder = PACKAGED_POLICIES, as_json: AsJson = False) -> None:
    """Check that every engine reads the rules alike; then `opa fmt`, `opa check` and Regal where installed.

    Exits with 1 on a finding.
    """
    with explained():
        rules = RuleSet.read(policies)
    findings = [finding for name, source in rules.modules.items() for finding in unportable(name, source)]
    checks = [(command, run(command)) for command in _checks(policies)]
    failed = [command for command, said in checks if said.returncode != 0]
    if as_json:
        document = {
            "unportable": [
                {"file": one.file, "line": one.line, "problem": one.problem, "remedy": one.remedy} for one in findings
            ],
            "checks": [
                {"check": _name(command), "holds": said.returncode == 0, "said": said.stdout + said.stderr}
                for command, said in checks
            ],
        }
        printed(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode(), None)
        raise typer.Exit(1 if findings or failed else 0)
    for finding in findings:
        console.print(f"[red]{finding.file}:{finding.line}[/red] {escape(finding.problem)}: {finding.remedy}")
    console.print(f"portable subset: {len(findings) or 'no'} findings in {len(rules.modules)} files")
    for command, said in checks:
        if said.returncode != 0:
            console.print(escape(said.stdout + said.stderr), end="")
        console.print(f"{_name(command)}: {'findings' if said.returncode else 'no findings'}")
    for missing, what in ((find_opa(), "opa is not installed, so format and types"), (find_regal(), "Regal, so style")):
        if missing is None:
            console.print(f"{what} {'were' if 'types' in what else 'was'} not checked")
    raise typer.Exit(1 if findings or failed else 0)


async def _try(policies: Path, cases: list[Case]) -> list[tuple[Case, list[Difference]]]:
    decider = EmbeddedDecider(policies, timeout=AUTHOR_TIMEOUT)
    try:
        tried = [(case, await _differences(decider, case)) for case in cases]
    finally:
        await decider.close()
    return [(case, found) for case, found in tried if found]


async def _differences(decider: EmbeddedDecider, case: Case) -> list[Difference]:
    try:
        return differences(case, await decider.decide(case.question))
    except DecisionUnavailable as error:
        return [Difference(part="answer", expected="a complete answer", got=error.reason, reasons=())]


def _report(case: Case, found: list[Difference]) -> None:
    console.print(f"[red]{case.name}[/red] ({case.file}; {case.why})")
    for difference in found:
        rules = ", ".join(difference.reasons) or "no rule"
        console.print(escape(f"  {difference.part}: expected {difference.expected}, got {difference.got}, by {rules}"))


def _document(
    cases: list[Case], failed: list[tuple[Case, list[Difference]]], opa_said: tuple[bool, str] | None
) -> dict[str, Any]:
    return {
        "cases": len(cases),
        "failed": [
            {
                "case": case.name,
                "file": case.file,
                "why": case.why,
                "differences": [
                    {"part": one.part, "expected": one.expected, "got": one.got, "reasons": one.reasons}
                    for one in found
                ],
            }
            for case, found in failed
        ],
        "opa": None if opa_said is None else {"holds": opa_said[0], "said": opa_said[1]},
    }


def _opa_test(policies: Path) -> tuple[bool, str] | None:
    opa = find_opa()
    if opa is None:
        return None
    said = run(
        [
            opa,
            "test",
            f"--timeout={COMMAND_TIMEOUT:.0f}s",
            *_places(policies, "directory", "data.json"),
            f"cases:{policies / 'cases'}",
        ]
    )
    return said.returncode == 0, said.stdout.strip() or said.stderr.strip()


def _checks(policies: Path) -> Iterator[list[str]]:
    rules = _places(policies, "directory")
    if opa := find_opa():
        yield [opa, "fmt", "--fail", "--diff", *rules]
        yield [opa, "check", "--strict", "--schema", str(policies / "schema" / "question.json"), *rules]
    if regal := find_regal():
        yield [regal, "lint", "--config-file", str(policies / ".regal" / "config.yaml"), *rules]


def _name(command: list[str]) -> str:
    return f"{Path(command[0]).name} {command[1]}"


def _places(policies: Path, *names: str) -> list[str]:
    return [str(policies / name) for name in names]
