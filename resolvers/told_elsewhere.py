"""What of records elsewhere these rules would tell this caller: decided before anybody is asked for them."""

from collections.abc import Collection
from typing import Final

from gateway.disclosure.classes import class_of
from gateway.federation.examples import examples, facts_elsewhere
from gateway.federation.wanted import Wanted, narrowed
from gateway.records import ChildFacts
from gateway.vocabulary import AuthorityCode, Effect, RecordType
from resolvers.asking import Asking

Tellable = Collection[tuple[RecordType, str]]
"""The fields that may be told, by type of record."""

_SOMEWHERE: Final = AuthorityCode("X00000000")
"""An authority that nobody asks from: what is decided for it holds for all others."""

_BELOW: Final = {RecordType.CANDIDATE: {"child"}}
"""What is found is told candidate by candidate, or not at all."""


async def tellable(asking: Asking, used: frozenset[str] = frozenset(), here: ChildFacts | None = None) -> Tellable:
    """Return what may be told of a record elsewhere, found by the fields `used`, of a child that is known `here` so."""
    records = examples(facts_elsewhere(_SOMEWHERE, here), used)
    classified = [class_of(record, asking.road.ask.caller) for record in records]
    decisions = await asking.road.decisions.decide(classified)
    return frozenset(
        (record_type, name)
        for (record_type, _), decision in zip(classified, decisions, strict=True)
        if decision.exists is not Effect.CONCEAL
        for name, decided in decision.fields.items()
        if decided.effect in (Effect.DISCLOSE, Effect.MASK)
    )


def without_untold(wanted: Wanted, told: Tellable) -> Wanted:
    """Return what is wanted without the fields that would be told of no record elsewhere."""
    return narrowed(wanted, lambda kind, name: (kind, name) in told or name in _BELOW.get(kind, ()))
