"""What the workbench needs from outside: engines that try rules apart from those that decide for real."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gateway.ports import Decider

RULES_LIMIT: Final = 256 * 1024
"""Bytes that a proposal may have in all, unpacked."""

FILES_LIMIT: Final = 64
"""Files that a proposal may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Rules that an author wants to try: files by name, or an archive of them.

    `instead` leaves nothing of the rules in force; otherwise each file replaces its namesake or is added.
    """

    files: tuple[tuple[str, str], ...] = ()
    archive: bytes | None = None
    instead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProblem:
    """What is wrong with proposed rules, and where; `line` counts from 1."""

    message: str
    file: str | None = None
    line: int | None = None


class RulesRejected(Exception):
    """The proposed rules cannot be tried."""

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        """Keep what is wrong with them."""
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of one named situation; each difference has part, expected, got and reasons."""

    name: str
    file: str
    why: str
    differences: tuple[Mapping[str, Any], ...]


class Trial(Decider, Protocol):
    """One rule set on an engine of its own, for the length of one request."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Return the book of these rules."""
        ...

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the files of the proposal that are no part of a rule set."""
        ...

    async def cases(self) -> Sequence[CaseResult]:
        """Try every named situation, those of the proposal included.

        Raises:
            RulesRejected: The cases cannot be read, or were not done in time.
        """
        ...


class RulesInForce(Protocol):
    """The rule set that decides for real."""

    @property
    def modules(self) -> Mapping[str, str]:
        """Return the Rego by path."""
        ...

    @property
    def data(self) -> Mapping[str, Any]:
        """Return the book."""
        ...

    @property
    def revision(self) -> str:
        """Return the revision."""
        ...


Trials = Callable[[Proposal | None], AbstractAsyncContextManager[Trial]]
"""Opens a trial of a proposal, or of the rules in force; raises `RulesRejected`."""
