"""Links between a child's record here and one that another authority holds: made on grounds, and undone by people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from gateway.vocabulary import AuthorityCode, ChildId, MatchGrade, MatchReason, PersonId


class LinkState(StrEnum):
    """How a link stands."""

    IN_FORCE = "in force"
    WAITING = "waiting"
    """Found probable, and not yet seen by a person: nothing is asked by it."""
    UNDONE = "undone"
    """A person has said that the two are not one child, and no gateway says so again by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is known of two records: `there` is the id by which the authority names its own to us."""

    authority: AuthorityCode
    there: str
    state: LinkState


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLink:
    """Two records that an ask found to be one child's; `certain` by an identifier that both hold, else probably."""

    id: UUID
    child: ChildId
    authority: AuthorityCode
    there: str
    grade: MatchGrade
    reasons: tuple[MatchReason, ...]
    certain: bool


class Links(Protocol):
    """Where links are read; raises as the directory does."""

    async def of(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Link]]:
        """Return each child's links, by authority and id there, one for each record elsewhere.

        A child under a shield, or near to one who is, is absent: whoever is asked by a link learns where it is known.
        """
        ...

    async def protected(
        self, there: Sequence[tuple[AuthorityCode, str]]
    ) -> Mapping[tuple[AuthorityCode, str], Sequence[ChildId]]:
        """Return the children here under a shield, or near to one who is, that links join to records elsewhere.

        A record elsewhere to which no such link leads is absent.
        """
        ...


class LinkBook(Protocol):
    """Where links that an ask has found are kept; raises as the directory does."""

    async def keep(self, found: Sequence[FoundLink], *, by: PersonId, at: datetime) -> None:
        """Write those of the links that nobody has made, found or undone before."""
        ...
