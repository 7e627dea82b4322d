"""The process of one trial of rules: it builds them, answers questions about them, and is ended with the request.

It starts with an empty environment, limits on memory and time, and a folder of its own; it talks in lines of JSON.
The parent is `connectors.rule_trial`.
"""

import asyncio
import base64
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import psutil  # type: ignore[import-untyped]  # it ships no types

from connectors.embedded_engine import EmbeddedDecider, RulesDoNotBuild
from connectors.policy_judgement import differences
from connectors.policy_questions import CaseUnreadable, read_cases, read_question
from connectors.rule_proposal import laid_out, unpacked
from gateway.disclosure.question import Answer
from gateway.errors import DecisionUnavailable
from gateway.pages.trials import RuleProblem, RulesRejected
from gateway.workbench.matrix import decision_document

MEMORY_LIMIT: Final = 512 << 20
"""Bytes of resident memory; the engine reserves so much address space that the system's own limit cannot bound it."""
CPU_LIMIT: Final = 120
"""Seconds of processor time."""
FILE_LIMIT: Final = 4 << 20
"""Bytes that a file may have; rules that are built take a few times what they are written in."""
QUESTION_TIMEOUT: Final = 10.0


def main() -> None:
    """Serve one trial on standard input and output."""
    out = _own_output()
    for limit, value in (
        (resource.RLIMIT_CPU, CPU_LIMIT),
        (resource.RLIMIT_FSIZE, FILE_LIMIT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    threading.Thread(target=_end_when_grown, daemon=True).start()
    folder = Path.cwd()
    tempfile.tempdir = str(folder)  # goes with the trial, also where that is killed
    try:
        decider, left_out = _started(folder, json.loads(sys.stdin.readline()))
    except RulesRejected as rejected:
        _say(out, {"problems": [_problem_document(problem) for problem in rejected.problems]})
        return
    _say(out, {"revision": decider.revision, "data": decider.rules.data, "left_out": left_out})
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            _say(out, runner.run(_answered(decider, folder, json.loads(line))))
    os._exit(0)  # a question that is still being evaluated would hold the process back


def _end_when_grown() -> None:
    me = psutil.Process()
    while me.memory_info().rss < MEMORY_LIMIT:
        time.sleep(0.05)
    os._exit(1)


def _own_output() -> TextIO:
    # Whatever an engine may print goes nowhere; the lines of the trial have a descriptor that only they use.
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "w", encoding="utf-8")


def _say(out: TextIO, document: Mapping[str, Any]) -> None:
    out.write(json.dumps(document) + "\n")
    out.flush()


def _started(folder: Path, start: Mapping[str, Any]) -> tuple[EmbeddedDecider, Sequence[str]]:
    archive = start["archive"]
    files = dict(start["files"]) if archive is None else unpacked(base64.b64decode(archive))
    rules, left_out = laid_out(folder, start["base"], files)
    try:
        return EmbeddedDecider(folder, timeout=QUESTION_TIMEOUT, workers=1), left_out
    except RulesDoNotBuild as error:
        raise RulesRejected([_placed(str(error), rules.modules)]) from None


def _placed(said: str, modules: Mapping[str, str]) -> RuleProblem:
    file, _, rest = said.partition(":")
    line, _, message = rest.partition(": ")
    if file in modules and line.isdecimal():
        return RuleProblem(file=file, line=int(line), message=message)
    return RuleProblem(message=said)


async def _answered(decider: EmbeddedDecider, folder: Path, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        if asked["do"] == "decide":
            return _answer_document(await decider.decide(read_question(asked["question"])))
        return {"cases": [case async for case in _cases(decider, folder)]}
    except DecisionUnavailable as error:
        return {"unavailable": error.reason}
    except CaseUnreadable as error:
        said = str(error).replace(f"{folder}/", "")
        return {"problems": [_problem_document(RuleProblem(message=said))]}


async def _cases(decider: EmbeddedDecider, folder: Path) -> Any:
    for case in read_cases(folder):
        try:
            found: Iterator[dict[str, Any]] = (
                {"part": one.part, "expected": one.expected, "got": one.got, "reasons": list(one.reasons)}
                for one in differences(case, await decider.decide(case.question))
            )
            listed = list(found)
        except DecisionUnavailable as error:
            listed = [{"part": "answer", "expected": "a complete answer", "got": error.reason, "reasons": []}]
        yield {"name": case.name, "file": case.file, "why": case.why, "differences": listed}


def _answer_document(answer: Answer) -> Mapping[str, Any]:
    return {
        "v": 1,
        "revision": answer.revision,
        "items": {
            key: {
                "exists": decision.exists.value,
                "reasons": list(decision.reasons),
                "fields": {name: decision_document(field) for name, field in decision.fields.items()},
            }
            for key, decision in answer.items.items()
        },
    }


def _problem_document(problem: RuleProblem) -> dict[str, Any]:
    return {"file": problem.file, "line": problem.line, "message": problem.message}


if __name__ == "__main__":
    main()
