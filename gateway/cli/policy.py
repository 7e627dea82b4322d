"""`gateway policy`: what policy authors type; everything but the golden answers works without the `opa` command."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from connectors.embedded_engine import EmbeddedDecider, RulesDoNotBuild
from connectors.golden import EnginesDiffer, Replay, golden_questions, replay_golden, write_golden
from connectors.opa_command import OpaFailed, answers_of_opa, find_opa, find_regal, run
from connectors.policy_judgement import Difference, differences
from connectors.policy_questions import Case, CaseUnreadable, read_cases
from connectors.portable_rego import unportable
from connectors.rule_set import RuleSet, RuleSetUnreadable
from gateway.disclosure.question import Answer
from gateway.errors import DecisionUnavailable
from gateway.settings import PACKAGED_POLICIES

policy_app = typer.Typer(
    help="The rules of disclosure: try them, check them, prove the engines.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
_console: Final = Console(soft_wrap=True)
_AUTHOR_TIMEOUT: Final = 30.0

Folder = Annotated[Path, typer.Option("--policies", help="Folder of the rule set.", exists=True, file_okay=False)]


@policy_app.command(
    "test", epilog="Examples: `gateway policy test`; `gateway policy test --policies ./our-rules --only shielded`"
)
def try_cases(
    policies: Folder = PACKAGED_POLICIES,
    only: Annotated[str, typer.Option(help="Only cases whose name has this in it.")] = "",
) -> None:
    """Try every named situation on the embedded engine, then the Rego tests where opa is installed.

    Exits with 1 on a failure.
    """
    with _explained():
        cases = [case for case in read_cases(policies) if only in case.name]
        failed = asyncio.run(_try(policies, cases))
    _console.print(f"{len(cases) - failed} of {len(cases)} cases hold on the embedded engine")
    opa_failed = _opa_test(policies)
    raise typer.Exit(1 if failed or opa_failed or not cases else 0)


@policy_app.command("lint", epilog="Example: `gateway policy lint`")
def lint(policies: Folder = PACKAGED_POLICIES) -> None:
    """Check that every engine reads the rules alike; then `opa fmt`, `opa check` and Regal where installed.

    Exits with 1 on a finding.
    """
    with _explained():
        rules = RuleSet.read(policies)
    found = 0
    for name, source in rules.modules.items():
        for finding in unportable(name, source):
            found += 1
            _console.print(f"[red]{finding.file}:{finding.line}[/red] {escape(finding.problem)}: {finding.remedy}")
    _console.print(f"portable subset: {found or 'no'} findings in {len(rules.modules)} files")
    for command in _checks(policies):
        said = run(command)
        if said.returncode != 0:
            found += 1
            _console.print(escape(said.stdout + said.stderr), end="")
        _console.print(f"{Path(command[0]).name} {command[1]}: {'findings' if said.returncode else 'no findings'}")
    raise typer.Exit(1 if found else 0)


@policy_app.command("golden", epilog="Examples: `gateway policy golden`; `gateway policy golden --write`")
def golden(
    policies: Folder = PACKAGED_POLICIES,
    write: Annotated[bool, typer.Option("--write", help="Let OPA answer the golden questions anew.")] = False,
) -> None:
    """Replay the golden answers on the embedded engine.

    Exits with 1 on a difference, with 2 if they are out of date.
    """
    with _explained():
        rules = RuleSet.read(policies)
        if write:
            _write_golden(policies, rules)
        replay = asyncio.run(_replay(policies, rules))
    if replay is Replay.OUT_OF_DATE:
        _console.print(
            "the golden answers are of other rules: run `gateway policy golden --write` where opa is installed"
        )
        raise typer.Exit(2)
    _console.print(f"the embedded engine repeats OPA's golden answers for revision {rules.revision}")


@policy_app.command("revision", epilog="Example: `gateway policy revision`")
def revision(policies: Folder = PACKAGED_POLICIES) -> None:
    """Print the revision of the rule set: what every decision in the log names."""
    with _explained():
        typer.echo(RuleSet.read(policies).revision)


@policy_app.command(
    "bundle", epilog="Example: `gateway policy bundle -o rules.tar.gz && opa run --server --bundle rules.tar.gz`"
)
def bundle(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", dir_okay=False)],
    policies: Folder = PACKAGED_POLICIES,
) -> None:
    """Write the rule set as an OPA bundle that answers under the same revision."""
    with _explained():
        rules = RuleSet.read(policies)
    output.write_bytes(rules.bundle())
    typer.echo(f"{output} {rules.revision}")


async def _try(policies: Path, cases: list[Case]) -> int:
    decider = EmbeddedDecider(policies, timeout=_AUTHOR_TIMEOUT)
    failed = 0
    try:
        for case in cases:
            found = await _differences(decider, case)
            failed += bool(found)
            _report(case, found)
    finally:
        await decider.close()
    return failed


async def _differences(decider: EmbeddedDecider, case: Case) -> list[Difference]:
    try:
        return differences(case, await decider.decide(case.question))
    except DecisionUnavailable as error:
        return [Difference(part="answer", expected="a complete answer", got=error.reason, reasons=())]


def _report(case: Case, found: list[Difference]) -> None:
    if not found:
        return
    _console.print(f"[red]{case.name}[/red] ({case.file}; {case.why})")
    for difference in found:
        rules = ", ".join(difference.reasons) or "no rule"
        _console.print(escape(f"  {difference.part}: expected {difference.expected}, got {difference.got}, by {rules}"))


def _opa_test(policies: Path) -> bool:
    opa = find_opa()
    if opa is None:
        _console.print("opa is not installed, so the Rego tests were not run")
        return False
    said = run(
        [opa, "test", "--timeout", "120s", *_places(policies, "directory", "data.json"), f"cases:{policies / 'cases'}"]
    )
    _console.print(escape(said.stdout.strip() or said.stderr.strip()))
    return said.returncode != 0


def _checks(policies: Path) -> Iterator[list[str]]:
    rules = _places(policies, "directory")
    if opa := find_opa():
        yield [opa, "fmt", "--fail", "--diff", *rules]
        yield [opa, "check", "--strict", "--schema", str(policies / "schema" / "question.json"), *rules]
    else:
        _console.print("opa is not installed, so format and types were not checked")
    if regal := find_regal():
        yield [regal, "lint", "--config-file", str(policies / ".regal" / "config.yaml"), *rules]
    else:
        _console.print("Regal is not installed, so style was not checked")


def _places(policies: Path, *names: str) -> list[str]:
    return [str(policies / name) for name in names]


def _write_golden(policies: Path, rules: RuleSet) -> None:
    opa = find_opa()
    if opa is None:
        raise OpaFailed("golden answers are OPA's, and opa is not installed")
    questions = golden_questions(rules)
    documents = asyncio.run(answers_of_opa(opa, rules, [question.as_input() for question in questions]))
    for question, document in zip(questions, documents, strict=True):
        Answer.from_document(document, question)
    answers = [(question, document["items"]) for question, document in zip(questions, documents, strict=True)]
    path = write_golden(policies, revision=rules.revision, answers=answers)
    _console.print(f"{path}: {len(questions)} questions answered by OPA")


async def _replay(policies: Path, rules: RuleSet) -> Replay:
    decider = EmbeddedDecider(policies, timeout=_AUTHOR_TIMEOUT)
    try:
        return await replay_golden(decider, policies, revision=rules.revision)
    finally:
        await decider.close()


@contextmanager
def _explained() -> Iterator[None]:
    """Say what is wrong with rules, cases or engines in one line, and exit with 1."""
    try:
        yield
    except (
        CaseUnreadable,
        DecisionUnavailable,
        EnginesDiffer,
        OpaFailed,
        RuleSetUnreadable,
        RulesDoNotBuild,
    ) as error:
        _console.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(1) from error
