"""The embedded policy engine: decisions in this process, with no server and no `opa` command.

The engine answers wrongly when one interpreter serves two threads, so each worker thread builds its own.
Asking leaves the interpreter lock, so the event loop runs on while a batch is decided.
"""

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.embedded_input import engine_input
from connectors.portable_rego import unportable
from connectors.rego_cpp import BundleFormat, Interpreter, RegoError
from connectors.rule_set import ENTRYPOINT, RuleSet
from gateway.disclosure.question import Answer, Question
from gateway.errors import DecisionUnavailable
from gateway.memory import give_back

ITEMS_ALONE = 8
"""Items up to which a question is not parted: what each part costs by itself is as much as three items."""
ITEMS_AT_ONCE = 32
"""Items of a part at most, so that a question whose time is over is soon left."""


class RulesDoNotBuild(Exception):
    """The engine cannot build the rules, or would read them otherwise than OPA does.

    The message names file and line, and is about rules and never about records.
    """


class Evaluation:
    """One interpreter with built rules; belongs to one thread."""

    def __init__(self, built: Path) -> None:
        """Read the rules that `build` wrote.

        Raises:
            RulesDoNotBuild: They cannot be read.
        """
        self._interpreter = _interpreter()
        try:
            self._bundle = self._interpreter.load_bundle(str(built), BundleFormat.Binary)
        except RegoError:
            raise _unreadable() from None
        if not self._bundle.ok():
            raise _unreadable()

    def answer(self, document: dict[str, Any]) -> object:
        self._interpreter.set_input(engine_input(document))
        output = self._interpreter.query_bundle_entrypoint(self._bundle, ENTRYPOINT)
        if not output.ok() or len(output) != 1 or len(output[0].expressions) != 1:
            return None
        return output[0].expressions[0]


class RulesNotBuiltHere(RulesDoNotBuild):
    """The rules may be as they must be, but this machine could not build them: tried again, they may."""


def build(rules: RuleSet, built: Path) -> None:
    """Build rules into a file, from which each interpreter reads them: one that builds keeps three times as much.

    Raises:
        RulesDoNotBuild: They do not compile.
    """
    interpreter = _interpreter()
    try:
        interpreter.add_data(rules.document())
        for name, source in rules.modules.items():
            interpreter.add_module(name, source)
        bundle = interpreter.build(None, [ENTRYPOINT])
        if not bundle.ok():
            raise RulesDoNotBuild("the rules do not build")
        interpreter.save_bundle(str(built), bundle, BundleFormat.Binary)
    except RegoError as error:
        raise RulesDoNotBuild(_first_problem(str(error), rules)) from None


def _unreadable() -> RulesNotBuiltHere:
    return RulesNotBuiltHere("the rules that were built cannot be read; is there room for temporary files?")


def _interpreter() -> Interpreter:
    made = Interpreter()
    made.strict_built_in_errors = True
    return made


class EmbeddedDecider:
    """A policy engine inside the gateway's process, over a policies folder."""

    name = "embedded"

    def __init__(self, rule_set_dir: Path, *, timeout: float, workers: int = 2) -> None:
        """Read and build the rules.

        Raises:
            RuleSetUnreadable: The folder cannot be read.
            RulesDoNotBuild: The rules do not compile, or leave the portable subset.
            RulesNotBuiltHere: There is no room to build them.
        """
        self._rules = RuleSet.read(rule_set_dir)
        _refuse_unportable(self._rules)
        self.timeout = timeout
        """Seconds that a question may take."""
        self._workers = workers
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="policy")
        try:
            with TemporaryDirectory(prefix="gateway-rules-") as folder:
                build(self._rules, built := Path(folder) / "rules.rbb")
                self._begin(built)
        except OSError as error:
            self._threads.shutdown()
            raise _unreadable() from error
        except RulesDoNotBuild:
            self._threads.shutdown()
            raise
        give_back()

    @property
    def rules(self) -> RuleSet:
        """Return the rule set in force."""
        return self._rules

    @property
    def revision(self) -> str:
        """Return the revision of the rules in force."""
        return self._rules.revision

    async def decide(self, question: Question) -> Answer:
        """Answer a whole batch.

        Raises:
            DecisionUnavailable: The engine failed, was late, or its answer is not complete.
        """
        loop, parts = asyncio.get_running_loop(), _parts(question.as_input(), self._workers)
        try:
            async with asyncio.timeout(self.timeout):
                answers = await asyncio.gather(
                    *(loop.run_in_executor(self._threads, self._ask, part) for part in parts)
                )
        except TimeoutError as error:
            raise _unavailable("engine-late") from error
        except (RegoError, RulesDoNotBuild, ValueError, TypeError, IndexError) as error:
            raise _unavailable("engine-failed") from error
        return Answer.from_document(_whole(answers), question)

    async def close(self) -> None:
        """Let the worker threads go; a question still being decided is abandoned."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, document: dict[str, Any]) -> object:
        evaluation: Evaluation = self._local.evaluation
        return evaluation.answer(document)

    def _begin(self, built: Path) -> None:
        """Have every worker read the rules: they meet at the barrier, so that none takes the work of another."""
        together = threading.Barrier(self._workers)

        def begin() -> None:
            try:
                self._local.evaluation = Evaluation(built)
            finally:
                together.wait()

        for worker in [self._threads.submit(begin) for _ in range(self._workers)]:
            worker.result()


def _refuse_unportable(rules: RuleSet) -> None:
    """Raise for a form that this engine was seen to read otherwise than OPA, which may tell what OPA withholds."""
    for name, source in rules.modules.items():
        for finding in unportable(name, source):
            raise RulesDoNotBuild(f"{finding.file}:{finding.line}: {finding.problem}: {finding.remedy}")


def _parts(document: dict[str, Any], workers: int) -> list[dict[str, Any]]:
    """Return a question as questions of about as many items each, so that the workers share a wide level.

    What is not begun when its time is over is not begun at all.
    """
    items = list(document["items"].items())
    parts = 1 if len(items) <= ITEMS_ALONE else max(workers, -(-len(items) // ITEMS_AT_ONCE))
    return [{**document, "items": dict(items[part::parts])} for part in range(parts)]


def _whole(answers: list[object]) -> object:
    """Return the answers to the parts as one; what is not an answer leaves the whole none."""
    items: dict[str, Any] = {}
    for answer in answers:
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), dict):
            return None
        items |= answer["items"]
    return {**answers[0], "items": items} if isinstance(answers[0], dict) else None


def _first_problem(text: str, rules: RuleSet) -> str:
    """Return file, line and message of the engine's first error, whose own text is a syntax tree with offsets."""
    place = re.search(r"\(error \d+:([^|]+)\|(\d+)\|", text)
    message = re.search(r"\(errormsg \d+:([^)]*)\)", text)
    said = message.group(1) if message else "the rules do not build"
    if place is None or place.group(1) not in rules.modules:
        return said
    before = rules.modules[place.group(1)].encode()[: int(place.group(2))]
    line = before.count(b"\n") + 1
    return f"{place.group(1)}:{line}: {said}"


def _unavailable(reason: str) -> DecisionUnavailable:
    return DecisionUnavailable("No policy decision could be had in time; nothing is told.", reason=reason)
