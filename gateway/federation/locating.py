"""The locator as a port: which authorities to ask, found without telling them whom (domain rule X5)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.federation.asking import PeerReply
from gateway.federation.assertion import Asker
from gateway.identity import Access, Caller
from gateway.ports import Criteria
from gateway.vocabulary import AuthorityCode, CallerStanding


class PointedBy(StrEnum):
    """By what an authority was found to hold something."""

    IDENTIFIER = "identifier"
    NAME = "name"
    """A name by its sound with a date of birth or a slip of it: perhaps another child's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where to ask. Only an outcome of ANSWERED that does not point is "nothing known there"."""

    pointing: tuple[AuthorityCode, ...]
    """In the order of their codes; those an identifier led to, or, where none did, those a name led to."""
    by: PointedBy | None
    outcomes: tuple[PeerReply, ...]
    """What became of each other member, in the order of their codes; `as_of` is the moment its setup was made."""


class Locating(Protocol):
    """Finds where to ask."""

    async def locate(
        self, criteria: Criteria, *, asker: Asker, access: Access, request_id: str, commitment: str, within: float
    ) -> Located:
        """Return which other members point, within so many seconds; silence is an outcome.

        Raises:
            BadCriteria: The locator cannot look by these.
            BudgetExhausted: The person has no locate ask left today.
            SourceUnavailable: There is no registry in force, or the budget cannot be looked up.
        """
        ...


def asker_of(caller: Caller) -> Asker:
    """Return a caller as other authorities are told of them; who is asked for comes first, a mediator behind them."""
    claims = caller.claims
    asks = Asker(
        person=claims.person, name=claims.name, role=claims.role, agency=claims.agency, standing=caller.standing
    )
    if claims.mediated_for is None or caller.acts_for is None:
        return asks
    role, standing = caller.acts_for
    return Asker(
        person=claims.mediated_for,
        name=claims.mediated_for,
        role=role,
        agency=claims.agency,
        standing=CallerStanding(standing),
        mediator=asks,
    )
