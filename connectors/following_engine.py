"""The embedded engine that follows its folder: a change of rules takes effect while the gateway serves.

A rule set that does not build, is not trusted or makes the engine differ from OPA leaves the one in force standing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from connectors.embedded_engine import EmbeddedDecider, RulesDoNotBuild, RulesNotBuiltHere
from connectors.golden import FILE as GOLDEN
from connectors.golden import EnginesDiffer, Replay, replay_golden
from connectors.rule_set import RuleSet, RuleSetUnreadable
from connectors.rule_signature import FILE as SIGNATURE
from connectors.rule_signature import RulesNotTrusted
from gateway.brokering import ContactLimits
from gateway.disclosure.question import Answer, Question
from gateway.errors import DecisionUnavailable, SourceFailed

log = logging.getLogger("gateway.rules")

PROVING_TIMEOUT = 30.0
"""Seconds that a golden question may take."""

Trust = Callable[[RuleSet], Awaitable[None]]
"""Raises `RulesNotTrusted` for a rule set that may not be taken up."""


class Reload(StrEnum):
    """What became of looking at the folder."""

    UNCHANGED = "unchanged"
    TAKEN_UP = "taken-up"
    REFUSED = "refused"


class FollowingDecider:
    """A policy engine that takes up each new rule set of its folder; satisfies `Decider`."""

    name = "embedded"

    def __init__(self, folder: Path, *, timeout: float, trust: Trust, golden_required: bool) -> None:
        """Name the folder; `golden_required` refuses rules for which OPA has not yet given the golden answers."""
        self._folder = folder
        self._timeout = timeout
        self._trust = trust
        self._golden_required = golden_required
        self._engine: EmbeddedDecider | None = None
        self._refused = ""
        self._following: asyncio.Task[None] | None = None
        self._retiring: asyncio.Task[None] | None = None

    async def start(self, *, interval: float) -> None:
        """Take up the rules that are there, then look again every `interval` seconds; 0 looks never again.

        Raises:
            RuleSetUnreadable, RulesDoNotBuild, RulesNotTrusted, EnginesDiffer: The rules cannot be taken up.
            DecisionUnavailable: The engine gave no answer to the golden questions.
        """
        self._engine = await self._built(RuleSet.read(self._folder))
        if interval > 0:
            self._following = asyncio.create_task(self._follow(interval), name="follow-rules")

    async def close(self) -> None:
        """Stop following and let the engine go."""
        for task in (self._following, self._retiring):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._engine is not None:
            await self._engine.close()

    @property
    def rules(self) -> RuleSet:
        """Return the rule set in force."""
        return self._in_force.rules

    @property
    def revision(self) -> str:
        """Return the revision in force."""
        return self._in_force.revision

    def purposes_of(self, role: str) -> tuple[str, ...]:
        """Return the purposes of access that a role may state under the rules in force."""
        return self.rules.purposes_of(role)

    def sentence(self, code: str) -> str | None:
        """Return the sentence for a tell or remedy code under the rules in force."""
        return self.rules.sentence(code)

    def grounds_of_withholding(self) -> frozenset[str]:
        """Return the codes of the lawful grounds on which a log entry is withheld, under the rules in force."""
        return self.rules.grounds_of_withholding()

    def count_threshold(self) -> int:
        """Return the number below which a count is small, under the rules in force."""
        return self.rules.count_threshold()

    def contact_limits(self) -> ContactLimits:
        """Return how long requests for brokered contact are kept, under the rules in force."""
        return self.rules.contact_limits()

    async def decide(self, question: Question) -> Answer:
        """Answer a whole batch under the rules in force at this moment; raises as `EmbeddedDecider.decide` does."""
        return await self._in_force.decide(question)

    async def reload(self) -> Reload:
        """Look at the folder and take up what is new there."""
        try:
            rules = await asyncio.to_thread(RuleSet.read, self._folder)
        except RuleSetUnreadable as error:
            return self._refuse("unreadable", str(error))
        if rules.digest == self.rules.digest:
            self._refused = ""
            return Reload.UNCHANGED
        if self._as_it_stands(rules) == self._refused:
            return Reload.REFUSED
        return await self._take_up(rules)

    async def _take_up(self, rules: RuleSet) -> Reload:
        try:
            engine = await self._built(rules)
        except RulesNotBuiltHere as error:
            log.error("new rules could not be built, %s stay in force until they can: %s", self.revision, error)
            return Reload.REFUSED
        except (RuleSetUnreadable, RulesDoNotBuild, RulesNotTrusted, EnginesDiffer) as error:
            return self._refuse(self._as_it_stands(rules), str(error))
        except (DecisionUnavailable, SourceFailed) as error:
            # Not the rules' fault: looked at again next time.
            log.warning("new rules could not be tried: %s", error.reason)
            return Reload.REFUSED
        before, self._engine = self._in_force, engine
        log.info("rules %s taken up in place of %s", engine.revision, before.revision)
        self._retiring = asyncio.create_task(self._retire(before, self._retiring), name="retire-rules")
        return Reload.TAKEN_UP

    async def _retire(self, engine: EmbeddedDecider, earlier: asyncio.Task[None] | None) -> None:
        # Questions that were put to it are answered or late by then.
        try:
            await asyncio.sleep(2 * self._timeout)
        finally:
            await engine.close()
            if earlier is not None:
                await earlier

    @property
    def _in_force(self) -> EmbeddedDecider:
        if self._engine is None:
            raise DecisionUnavailable("The policy engine has not started.", reason="engine-not-started")
        return self._engine

    def _refuse(self, state: str, why: str) -> Reload:
        if state != self._refused:
            log.error("new rules refused, %s stay in force: %s", self.revision, why)
        self._refused = state
        return Reload.REFUSED

    def _as_it_stands(self, rules: RuleSet) -> str:
        """Return a name for rules with their signature and golden answers: either may come after the rules."""
        beside = (self._folder / name for name in (SIGNATURE, f"golden/{GOLDEN}"))
        content = b"".join(path.read_bytes() for path in beside if path.is_file())
        return sha256(rules.digest.encode() + content).hexdigest()

    async def _follow(self, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            try:
                await self.reload()
            except Exception:
                # Whatever goes wrong this time, rules that withhold more must be taken up once it no longer does.
                log.exception("the rules could not be looked at, %s stay in force", self.revision)

    async def _built(self, rules: RuleSet) -> EmbeddedDecider:
        await self._trust(rules)
        # While it is proven nobody waits for it, and a busy machine says nothing about the rules.
        engine = await asyncio.to_thread(EmbeddedDecider, self._folder, timeout=max(self._timeout, PROVING_TIMEOUT))
        try:
            if engine.rules.digest != rules.digest:
                raise RulesNotTrusted("the rules changed while they were being read")
            replay = await replay_golden(engine, self._folder, revision=engine.revision)
            if replay is Replay.OUT_OF_DATE:
                message = f"the golden answers are of other rules than {rules.revision}: gateway policy golden --write"
                if self._golden_required:
                    raise RulesNotTrusted(message)
                log.warning(message)
        except BaseException:
            await engine.close()
            raise
        engine.timeout = self._timeout
        return engine
