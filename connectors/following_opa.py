"""The OPA server, followed: nothing is told by rules of which the gateway has not seen that it may trust them.

OPA takes up a bundle by itself. The gateway cannot hold it back, so it holds back what OPA decides: until the rules
are read, vouched for and have given the golden answers, and for good where they are not.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from connectors.golden import EnginesDiffer, Replay, replay_golden
from connectors.opa import LOOK, OpaDecider
from connectors.opa_rules import held_rules
from connectors.rule_set import RuleSet
from connectors.rule_signature import RulesNotTrusted
from gateway.brokering import ContactLimits
from gateway.disclosure.question import Answer, Question
from gateway.errors import DecisionUnavailable, SourceFailed

log = logging.getLogger("gateway.rules")

PROOF_TIMEOUT = 5.0
"""Seconds that an ask waits for new rules to be proven; more than a decision, or each release would drop asks."""

START_PATIENCE = 10.0
"""Seconds for which OPA is looked for at the start: it may be starting itself, and late with its first decisions."""

READING_TIMEOUT = 1.0
"""Seconds to wait for the rules themselves, which are more than a decision."""
AGAIN = 2.0
"""Seconds after which refused rules are looked at again: they may have been signed meanwhile."""

HeldTrust = Callable[[RuleSet, Mapping[str, Any]], Awaitable[None]]
"""Raises `RulesNotTrusted` for rules that may not be taken up; given the revision OPA states, with its signature."""


class FollowingOpa:
    """A policy engine that is an OPA server; satisfies `Decider`."""

    name = "opa"

    def __init__(self, url: str, *, folder: Path, timeout: float, trust: HeldTrust) -> None:
        """Name the server, and the folder that has the golden answers."""
        self._url = url
        self._folder = folder
        self._timeout = timeout
        self._trust = trust
        self._opa = OpaDecider(url, timeout=timeout)
        self._rules: RuleSet | None = None
        self._refused = ""
        self._refused_at = 0.0
        self._proving: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up the rules that OPA holds, and follow them from then on.

        Raises:
            RulesNotTrusted, EnginesDiffer: They may not decide.
            DecisionUnavailable: OPA does not answer, and has not for `START_PATIENCE`.
        """
        await self._begin(given_up=monotonic() + START_PATIENCE)
        self._opa.watch()
        self._following = asyncio.create_task(self._follow(), name="follow-opa")

    async def close(self) -> None:
        """Stop following and close the connections."""
        for task in (self._following, self._proving):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._opa.close()

    @property
    def rules(self) -> RuleSet:
        """Return the rule set in force."""
        if self._rules is None:
            raise _unavailable("engine-not-started")
        return self._rules

    @property
    def revision(self) -> str:
        """Return the revision in force; while another is being proven, the one before.

        Raises:
            DecisionUnavailable: OPA is gone, or holds rules that are not trusted.
        """
        held, in_force = self._opa.revision, self.rules.revision
        if held == self._refused and held != in_force:
            raise _unavailable("rules-not-trusted")
        return in_force

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
        """Answer a whole batch; what new rules decide waits until they are proven.

        Raises:
            DecisionUnavailable: As `OpaDecider.decide`; or the rules are not trusted, or not proven in time.
        """
        answer = await self._opa.decide(question)
        await self._settle(answer.revision)
        return answer

    async def _settle(self, revision: str) -> None:
        """Return once a revision is in force."""
        if revision == self.rules.revision:
            return
        if revision == self._refused and monotonic() - self._refused_at < AGAIN:
            raise _unavailable("rules-not-trusted")
        if self._proving is None or self._proving.done():
            self._proving = asyncio.create_task(self._take_up(revision), name="prove-rules")
        try:
            await asyncio.wait_for(asyncio.shield(self._proving), PROOF_TIMEOUT)
        except TimeoutError as error:
            raise _unavailable("rules-not-proven") from error
        if revision != self.rules.revision:
            raise _unavailable("rules-not-trusted" if revision == self._refused else "rules-not-proven")

    async def _begin(self, *, given_up: float) -> None:
        while True:
            await self._opa.look()
            try:
                return await self._prove(self._opa.revision)
            except DecisionUnavailable:
                if monotonic() >= given_up:
                    raise
            await asyncio.sleep(LOOK)

    async def _take_up(self, revision: str) -> None:
        before = self.rules.revision
        try:
            await self._prove(revision)
        except (RulesNotTrusted, EnginesDiffer) as error:
            if revision != self._refused:
                log.error("OPA holds rules %s, which are refused; nothing is told: %s", revision, error)
            self._refused, self._refused_at = revision, monotonic()
        except (DecisionUnavailable, SourceFailed) as error:
            # Not the rules' fault: looked at again next time.
            log.warning("new rules could not be tried: %s", error.reason)
        else:
            log.info("rules %s taken up in place of %s", revision, before)

    async def _prove(self, revision: str) -> None:
        rules, stated = await held_rules(self._url, within=max(self._timeout, READING_TIMEOUT))
        if stated.get("id") != revision:
            raise _unavailable("rules-changing")
        if rules.revision != revision:
            raise RulesNotTrusted(f"OPA calls its rules {revision}, and they are {rules.revision}")
        fault = rules.fault()
        if fault is not None:
            raise RulesNotTrusted(f"OPA's data.json: {fault}")
        await self._trust(rules, stated)
        if await replay_golden(self._opa, self._folder, revision=revision) is Replay.OUT_OF_DATE:
            log.warning("the golden answers are of other rules than %s: gateway policy golden --write", revision)
        self._rules, self._refused = rules, ""

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self._settle(self._opa.revision)
            except DecisionUnavailable:
                continue  # said where it came about, and to whoever asks


def _unavailable(reason: str) -> DecisionUnavailable:
    return DecisionUnavailable("No policy decision could be had; nothing is told.", reason=reason)
