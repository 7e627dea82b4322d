"""The answering side: raises what it is sent to its key, and never looks at its children while it does.

So an answer takes the same work whomever it is about: held, not held, or shielded.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connectors.locator.building import LocatorKeys
from connectors.locator.keys import ELEMENTS
from connectors.locator.psi import POINT_BYTES, Holder, Unusable
from connectors.locator.statement import etag_of, state
from connectors.postgres.locator import LocateBudget, PostgresLocator
from gateway.errors import BadRequest, BudgetExhausted, SourceUnavailable
from gateway.federation.signed import Key
from gateway.vocabulary import AuthorityCode, PersonId

_HELD: Final = 4
"""Keys kept at hand: this quarter's, the one before, and what a withdrawal has made meanwhile."""


class LocatorAnswers:
    """What other authorities may have of this one's locator."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        key: Callable[[], Key],
        locator: PostgresLocator,
        keys: LocatorKeys,
        budget: LocateBudget,
        clock: Callable[[], datetime],
        person_limit: int,
        authority_limit: int,
    ) -> None:
        """Take the key that signs statements, where setups and budgets are kept, and the limits of a day."""
        self._home = home
        self._key = key
        self._locator = locator
        self._keys = keys
        self._budget = budget
        self._clock = clock
        self._person_limit = person_limit
        self._authority_limit = authority_limit
        self._holders: OrderedDict[str, Holder] = OrderedDict()

    async def statement(self, *, known: str | None) -> tuple[str, str | None]:
        """Return the etag of the statement in force, and the statement unless the etag is the one that is known.

        Raises:
            SourceUnavailable: There is none yet, or none while a child is being withdrawn.
        """
        release = await self._locator.release()
        if release is None or await self._locator.withdrawn():
            raise SourceUnavailable("The setups are being made; ask again soon.", reason="locator-building")
        at = self._clock()
        etag = etag_of(release, at)
        return etag, None if etag == known else state(release, authority=self._home, key=self._key(), at=at)

    async def setup(self, digest: str) -> bytes | None:
        """Return a published setup, or None."""
        return await self._locator.setup(digest)

    async def answer(
        self, stated: Mapping[str, Any], *, authority: AuthorityCode, person: PersonId
    ) -> Mapping[str, Any]:
        """Return the points of an ask raised to the key that it names; null where that key answers no more.

        Raises:
            BadRequest: It does not have the form of an ask.
            BudgetExhausted: The authority, or this person of it, has no ask left today.
            SourceUnavailable: The database did not answer.
        """
        key, points = _read(stated)
        await self._charge(f"authority:{authority}", self._authority_limit)
        await self._charge(f"person:{person}", self._person_limit)
        holder = await self._holder(key)
        if holder is None:
            return {"elements": None}
        try:
            return {"elements": [b64encode(point).decode("ascii") for point in holder.raised(points)]}
        except Unusable:
            raise BadRequest("An element is no point of the curve.", reason="locate-element") from None

    async def _charge(self, spender: str, limit: int) -> None:
        if not await self._budget.spend(spender, limit=limit, at=self._clock()):
            raise BudgetExhausted(
                "The locate asks of today are spent; name the authorities to ask.",
                reason=f"locate-{spender.partition(':')[0]}",
            )

    async def _holder(self, key_id: str) -> Holder | None:
        # The database is asked each time: a withdrawal counts from the very next ask, on every gateway.
        wrapped = await self._locator.answering_key(key_id, at=self._clock())
        if wrapped is None:
            return None
        holder = self._holders.get(key_id)
        if holder is None:
            secret = self._keys.unwrapped(wrapped)
            if secret is None:
                return None
            holder = self._holders[key_id] = Holder(secret)
            if len(self._holders) > _HELD:
                self._holders.popitem(last=False)
        return holder


def _read(stated: Mapping[str, Any]) -> tuple[str, Sequence[bytes]]:
    key, elements = stated.get("key"), stated.get("elements")
    if not isinstance(key, str) or not isinstance(elements, list) or len(elements) != ELEMENTS:
        raise BadRequest(f"Send a key and {ELEMENTS} elements.", reason="locate-form")
    try:
        points = [b64decode(one, validate=True) for one in elements]
    except (NotBase64, TypeError, ValueError):
        raise BadRequest("An element is not in base64.", reason="locate-form") from None
    if any(len(point) != POINT_BYTES for point in points):
        raise BadRequest(f"An element has {POINT_BYTES} bytes.", reason="locate-form")
    return key, points
