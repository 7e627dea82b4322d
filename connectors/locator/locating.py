"""The asking side: blinds what it looks for, asks all members at once, and looks in their sets by itself."""

import asyncio
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from connectors.locator.keys import ELEMENTS, IDENTIFIERS, Kind, Wanted, wanted_words
from connectors.locator.peer_setups import FollowedSetups, PeerSetups
from connectors.locator.psi import Blinded, Unusable
from connectors.postgres.locator import LocateBudget
from gateway.errors import BudgetExhausted, SourceUnavailable
from gateway.federation.asking import PeerAsk, PeerReply, Peers
from gateway.federation.assertion import Asker
from gateway.federation.locating import Located, PointedBy
from gateway.federation.registry import Registry
from gateway.identity import Access
from gateway.ports import Criteria
from gateway.vocabulary import AuthorityCode, SourceStatus

PATH = "/federation/locate"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What became of one member, and the kinds of words that were found there."""

    reply: PeerReply
    found: frozenset[Kind] = frozenset()


class Locator:
    """Finds where to ask; satisfies `Locating`."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        peers: Peers,
        setups: FollowedSetups,
        registry: Callable[[], Registry | None],
        budget: LocateBudget,
        person_limit: int,
        clock: Callable[[], datetime],
    ) -> None:
        """Take how members are asked, what they have published, and how often a person may ask in a day."""
        self._home = home
        self._peers = peers
        self._setups = setups
        self._registry = registry
        self._budget = budget
        self._person_limit = person_limit
        self._clock = clock

    async def locate(
        self, criteria: Criteria, *, asker: Asker, access: Access, request_id: str, commitment: str, within: float
    ) -> Located:
        """Return which other members point, within so many seconds; raises as `Locating.locate` says."""
        wanted = wanted_words(criteria)
        registry = self._registry()
        if registry is None:
            raise SourceUnavailable("No registry of members is in force here.", reason="registry-missing")
        await self._charge(asker)
        # The points of all words take some milliseconds, and nobody else need wait for them.
        blinded = await asyncio.to_thread(Blinded, [one.word for one in wanted])
        ask = PeerAsk(
            text="",
            variables={},
            asker=asker,
            access=access,
            request_id=request_id,
            commitment=commitment,
            path=PATH,
        )
        looked = await asyncio.gather(
            *(
                self._looked(code, ask, wanted, blinded, within)
                for code in sorted(registry.members)
                if code != self._home
            )
        )
        return _located(looked)

    async def _charge(self, asker: Asker) -> None:
        person = asker.person if asker.mediator is None else asker.mediator.person
        if not await self._budget.spend(f"own:{person}", limit=self._person_limit, at=self._clock()):
            raise BudgetExhausted(
                "Your locate asks of today are spent; name the authorities to ask, or speak to your supervisor.",
                reason="locate-own",
            )

    async def _looked(
        self, authority: AuthorityCode, ask: PeerAsk, wanted: Sequence[Wanted], blinded: Blinded, within: float
    ) -> _Looked:
        published = self._setups.of(authority)
        if published is None:
            return _silent(authority, "locator-no-setup")
        points = [b64encode(point).decode("ascii") for point in blinded.points]
        body = orjson.dumps({"key": published.statement.key_id, "elements": points})
        reply = (await self._peers.ask([authority], replace(ask, body=body), within=within))[authority]
        if reply.status is not SourceStatus.ANSWERED or reply.data is None:
            return _Looked(reply=replace(reply, data=None))
        elements = reply.data.get("elements")
        reply = replace(reply, data=None, as_of=published.statement.made_at)
        if elements is None:
            # The key is no longer the one: what was published since is fetched for the next ask.
            self._setups.look(authority)
            return _Looked(reply=_unavailable(reply, "locator-setup-stale"))
        try:
            raised = _points(elements)
            found = await asyncio.to_thread(_found, published, wanted, blinded, raised)
        except Unusable:
            return _Looked(reply=_unavailable(reply, "locator-malformed"))
        return _Looked(reply=reply, found=found)


def _found(
    published: PeerSetups, wanted: Sequence[Wanted], blinded: Blinded, raised: Sequence[bytes]
) -> frozenset[Kind]:
    """Return the kinds of which a word is in the set; the points of what only fills the ask are left alone."""
    found = set()
    for kind, setup in published.setups.items():
        own = [point for one, point in zip(wanted, raised, strict=False) if one.kind is kind]
        if own and blinded.found(setup, own):
            found.add(kind)
    return frozenset(found)


def _points(elements: object) -> list[bytes]:
    if not isinstance(elements, list) or len(elements) != ELEMENTS:
        raise Unusable("not as many points as were sent")
    try:
        return [b64decode(one, validate=True) for one in elements]
    except (NotBase64, TypeError, ValueError):
        raise Unusable("not in base64") from None


def _located(looked: Sequence[_Looked]) -> Located:
    outcomes = tuple(one.reply for one in looked)
    for by, kinds in ((PointedBy.IDENTIFIER, IDENTIFIERS), (PointedBy.NAME, frozenset({Kind.NAME}))):
        pointing = _pointing(looked, kinds)
        if pointing:
            return Located(pointing=pointing, by=by, outcomes=outcomes)
    return Located(pointing=(), by=None, outcomes=outcomes)


def _pointing(looked: Sequence[_Looked], kinds: Collection[Kind]) -> tuple[AuthorityCode, ...]:
    return tuple(one.reply.authority for one in looked if not one.found.isdisjoint(kinds))


def _silent(authority: AuthorityCode, reason: str) -> _Looked:
    return _Looked(reply=PeerReply(authority=authority, status=SourceStatus.UNAVAILABLE, reason=reason, elapsed_ms=0))


def _unavailable(reply: PeerReply, reason: str) -> PeerReply:
    return replace(reply, status=SourceStatus.UNAVAILABLE, reason=reason, as_of=None)
