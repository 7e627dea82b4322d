"""What every policy command does alike: find the rules, open an engine over them, say in one line what is wrong."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from connectors.embedded_engine import EmbeddedDecider, RulesDoNotBuild
from connectors.git_revision import RevisionUnreadable
from connectors.golden import EnginesDiffer
from connectors.opa import OpaDecider
from connectors.opa_command import OpaFailed, find_opa
from connectors.opa_process import opa_process
from connectors.policy_questions import CaseUnreadable
from connectors.rule_set import RuleSet, RuleSetUnreadable
from gateway.errors import DecisionUnavailable, RulesChanged
from gateway.ports import Decider
from gateway.workbench.axes import UnknownName

console: Final = Console(soft_wrap=True)
complaints: Final = Console(stderr=True, soft_wrap=True)
AUTHOR_TIMEOUT: Final = 30.0
EXIT_FAILED: Final = 1
Returned = TypeVar("Returned")

Folder = Annotated[Path, typer.Option("--policies", help="Folder of the rule set.", exists=True, file_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Engine(StrEnum):
    """Which engine a command asks."""

    AUTO = "auto"
    """OPA where it is installed, else the embedded one."""
    EMBEDDED = "embedded"
    OPA = "opa"


ChosenEngine = Annotated[
    Engine, typer.Option("--engine", help="Who decides: `opa` is much faster for many questions; both decide alike.")
]


@asynccontextmanager
async def engine_over(policies: Path, chosen: Engine = Engine.EMBEDDED) -> AsyncIterator[Decider]:
    """Open an engine over a folder; OPA runs as a server of its own on the loopback interface, and ends with the block.

    Raises:
        OpaFailed: OPA is wanted and is not installed, or does not take the rules.
        RuleSetUnreadable, RulesDoNotBuild: The rules are not what they should be.
    """
    opa = find_opa()
    if chosen is Engine.OPA and opa is None:
        raise OpaFailed("opa is not installed; without it use --engine embedded")
    decider: EmbeddedDecider | OpaDecider
    if opa is None or chosen is Engine.EMBEDDED:
        decider = EmbeddedDecider(policies, timeout=AUTHOR_TIMEOUT)
        try:
            yield decider
        finally:
            await decider.close()
        return
    async with opa_process(opa, RuleSet.read(policies)) as url:
        decider = OpaDecider(url, timeout=AUTHOR_TIMEOUT)
        try:
            yield decider
        finally:
            await decider.close()


def run(act: Callable[[], Coroutine[Any, Any, Returned]]) -> Returned:
    """Run the waiting part of a command."""
    return asyncio.run(act())


def printed(text: str, output: Path | None) -> None:
    """Write a command's result to a file, or to standard output as it is."""
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    else:
        output.write_text(text, encoding="utf-8")
        complaints.print(f"written to {output}", markup=False)


@contextmanager
def explained() -> Iterator[None]:
    """Say what is wrong with rules, cases, names or engines in one line, and exit with 1; a wrong name exits with 2."""
    try:
        yield
    except UnknownName as error:
        raise typer.BadParameter(str(error)) from error
    except (DecisionUnavailable, RulesChanged) as error:
        _complain(f"{error} ({error.reason})")
        raise typer.Exit(EXIT_FAILED) from error
    except (
        CaseUnreadable,
        EnginesDiffer,
        OpaFailed,
        RevisionUnreadable,
        RuleSetUnreadable,
        RulesDoNotBuild,
    ) as error:
        _complain(str(error))
        raise typer.Exit(EXIT_FAILED) from error


def _complain(sentence: str) -> None:
    console.print(f"[red]{escape(sentence)}[/red]")
