"""Trials of rules: each in a process of its own, which has no environment, little memory, and ends with the request.

An engine cannot be stopped in the middle of an evaluation, and a proposal may be written so that it never ends.
"""

import asyncio
import base64
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from connectors.rule_set import RuleSet
from gateway.disclosure.question import Answer, Question
from gateway.errors import DecisionUnavailable
from gateway.pages.trials import CaseResult, Proposal, RuleProblem, RulesRejected

BUILD_TIMEOUT: Final = 15.0
DECISION_TIMEOUT: Final = 30.0
CASES_TIMEOUT: Final = 60.0
_LINE_LIMIT: Final = 16 << 20
_ROOT: Final = Path(__file__).resolve().parents[1]


class RuleTrials:
    """Opens trials over the rules in force."""

    def __init__(self, *, rules: Callable[[], RuleSet], folder: Path, build_timeout: float = BUILD_TIMEOUT) -> None:
        """Take the rules in force, and the folder that has their cases."""
        self._rules = rules
        self._folder = folder
        self._build_timeout = build_timeout

    @asynccontextmanager
    async def __call__(self, proposal: Proposal | None) -> AsyncIterator["RuleTrial"]:
        """Lend a trial of a proposal, or of the rules in force.

        Raises:
            RulesRejected: The rules cannot be tried.
        """
        with TemporaryDirectory(prefix="rule-trial-") as folder:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-B", "-m", "connectors.rule_trial_worker"),
                cwd=folder,
                env={"PYTHONPATH": str(_ROOT)},
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=_LINE_LIMIT,
            )
            try:
                start = self._start(proposal)
                built = await _said(process, start, within=self._build_timeout, doing="The rules were not built")
                yield RuleTrial(process, built)
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    def _start(self, proposal: Proposal | None) -> Mapping[str, Any]:
        rules = self._rules()
        cases = {
            f"cases/{path.name}": path.read_text(encoding="utf-8") for path in sorted(self._folder.glob("cases/*.json"))
        }
        in_force = {**rules.modules, "data.json": json.dumps(rules.data)}
        proposal = proposal or Proposal()
        return {
            "base": cases if proposal.instead else {**in_force, **cases},
            "files": dict(proposal.files),
            "archive": None if proposal.archive is None else base64.b64encode(proposal.archive).decode(),
        }


class RuleTrial:
    """One rule set on an engine of its own; satisfies `Trial`."""

    name = "embedded"

    def __init__(self, process: Process, built: Mapping[str, Any]) -> None:
        """Take a process that has built its rules, and what it said of them."""
        self._process = process
        self.revision: str = built["revision"]
        self.data: Mapping[str, Any] = built["data"]
        self.left_out: tuple[str, ...] = tuple(built["left_out"])
        self._turn = asyncio.Lock()

    async def decide(self, question: Question) -> Answer:
        """Answer a whole batch.

        Raises:
            DecisionUnavailable: The rules leave it undecided, or were late.
        """
        asked = {"do": "decide", "question": question.as_input()}
        try:
            said = await self._asked(asked, within=DECISION_TIMEOUT, doing="A question was not decided")
        except RulesRejected as rejected:
            raise DecisionUnavailable(rejected.problems[0].message, reason="trial-ended") from rejected
        if "unavailable" in said:
            caller, access = question.caller, question.access
            raise DecisionUnavailable(
                f"The rules leave a question of {caller.role} for {access.purpose} undecided, so nothing would be told "
                f"({said['unavailable']}).",
                reason=said["unavailable"],
            )
        return Answer.from_document(said, question)

    async def cases(self) -> Sequence[CaseResult]:
        """Try every named situation.

        Raises:
            RulesRejected: The cases cannot be read, or were not done in time.
        """
        said = await self._asked({"do": "cases"}, within=CASES_TIMEOUT, doing="The cases were not done")
        return [
            CaseResult(name=case["name"], file=case["file"], why=case["why"], differences=tuple(case["differences"]))
            for case in said["cases"]
        ]

    async def _asked(self, document: Mapping[str, Any], *, within: float, doing: str) -> Mapping[str, Any]:
        async with self._turn:
            return await _said(self._process, document, within=within, doing=doing)


async def _said(process: Process, document: Mapping[str, Any], *, within: float, doing: str) -> Mapping[str, Any]:
    """Send a line and return the one that comes back; `doing` is what is said not to have been done.

    Raises:
        RulesRejected: The process names problems, is late, or has ended.
    """
    try:
        async with asyncio.timeout(within):
            line = await _exchanged(process, json.dumps(document).encode() + b"\n")
    except TimeoutError:
        raise _rejected(f"{doing} within {within:g} s.") from None
    except (ConnectionError, ValueError):
        raise _rejected(f"{doing}: the engine stopped, or its answer is too long.") from None
    if not line.endswith(b"\n"):
        raise _rejected(f"{doing}: the engine stopped, perhaps for want of memory or time.")
    said: Mapping[str, Any] = json.loads(line)
    if "problems" in said:
        raise RulesRejected([RuleProblem(**problem) for problem in said["problems"]])
    return said


async def _exchanged(process: Process, line: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101  # both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(line)
    await process.stdin.drain()
    return await process.stdout.readline()


def _rejected(message: str) -> RulesRejected:
    return RulesRejected([RuleProblem(message=message)])
