"""Which other authorities an ask names, and which of them the locator points to."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.door import waits_outside
from gateway.errors import BadCriteria, SourceFailed
from gateway.federation.asking import PeerReply, note_of
from gateway.federation.locating import Located, asker_of
from gateway.ports import Criteria
from gateway.vocabulary import AuthorityCode, SourceStatus
from resolvers.asking import Asking

EVERYWHERE: Final = "*"
AUTHORITIES_LIMIT: Final = 200
"""Authorities that one ask may name."""

LOCATING_SHARE: Final = 0.4
"""Share of the time left in which the locator has to say where to ask."""

_GSS: Final = re.compile(r"[A-Z][0-9]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Which other authorities an ask is for: those named, sorted, or `everywhere`."""

    named: Sequence[AuthorityCode]
    everywhere: bool

    def includes(self, authority: AuthorityCode) -> bool:
        """Return whether a linked record of an authority is asked for."""
        return self.everywhere or authority in self.named


async def others_named(asking: Asking, authorities: Sequence[object] | None, *, locating: bool = True) -> Others | None:
    """Return the other authorities that an ask names, or None where only the home authority is to be asked.

    `locating` says whether `*` takes the locator.

    Raises:
        BadCriteria: One is no authority, there are too many, or others are not asked by this gateway or for this ask.
    """
    home = asking.road.ask.home
    named = sorted({str(code) for code in authorities or ()} - {home})
    if not named:
        return None
    if asking.road.ask.caller.claims.vouched is not None:
        raise BadCriteria("Who is asked by another authority asks nobody else.", reason="one-hop")
    if asking.borders is None:
        raise BadCriteria(
            f"This gateway asks its own authority only ({home}); leave `authorities` empty.",
            reason="other-authorities-not-served",
        )
    everywhere = EVERYWHERE in named
    if everywhere and locating and asking.borders.locating is None:
        raise BadCriteria(
            'Name the authorities to ask: this gateway has no locator for ["*"].', reason="locator-missing"
        )
    named = [code for code in named if code != EVERYWHERE]
    if len(named) > AUTHORITIES_LIMIT:
        raise BadCriteria(f"At most {AUTHORITIES_LIMIT} authorities may be named.", reason="authorities-too-many")
    asking.borders.arrived.authorities.update(asking.borders.peers.members())
    known = await asking.directory.local_authorities([AuthorityCode(code) for code in named]) if named else {}
    unknown = [code for code in named if AuthorityCode(code) not in known]
    if unknown:
        text = ", ".join(code for code in unknown if _GSS.fullmatch(code)) or "a code that is none"
        raise BadCriteria(f"No such authority: {text}.", reason="authority-unknown")
    return Others(named=sorted({record.code for record in known.values()} - {home}), everywhere=everywhere)


async def located(asking: Asking, criteria: Criteria, others: Others) -> Located:
    """Return where the locator points, if the ask is for everywhere, and how each member answered it.

    Raises:
        BadCriteria: The locator cannot look by these criteria.
        BudgetExhausted: The person has no locate ask left today.
    """
    borders, ask = asking.borders, asking.road.ask
    if borders is None or borders.locating is None or not others.everywhere:
        return Located(pointing=(), by=None, outcomes=())
    left = ask.until - asyncio.get_running_loop().time()
    try:
        found = await waits_outside(borders.locating.locate)(
            criteria,
            asker=asker_of(ask.caller),
            access=ask.access,
            request_id=ask.request_id,
            commitment=ask.commitment(),
            within=max(0.0, min(borders.timeout, LOCATING_SHARE * left)),
        )
    except SourceFailed as failed:
        members = sorted(borders.peers.members())
        if not members:
            raise
        found = Located(pointing=(), by=None, outcomes=tuple(_unlocated(code, failed.reason) for code in members))
    asking.road.notes.sources.extend(note_of(reply) for reply in found.outcomes)
    return found


def _unlocated(authority: AuthorityCode, reason: str) -> PeerReply:
    return PeerReply(authority=authority, status=SourceStatus.UNAVAILABLE, reason=f"locator:{reason}", elapsed_ms=0)
