"""Decide: one batched question for the distinct classes of a level, remembered by caller attributes and class.

What is remembered holds attributes, never people, and falls away with the rules that made it.
"""

from collections.abc import Sequence

from gateway.disclosure.classes import RecordClass
from gateway.disclosure.fields import FIELDS
from gateway.disclosure.question import AccessAttributes, CallerAttributes, Decision, Item, Question
from gateway.errors import RulesChanged
from gateway.ports import Decider
from gateway.vocabulary import RecordType

Classified = tuple[RecordType, RecordClass]


class Memory:
    """Decisions already made under the rules in force; bounded, shared by all requests of a process."""

    def __init__(self, *, limit: int = 50_000) -> None:
        """Start with nothing; forget everything once `limit` decisions are held."""
        self._limit = limit
        self._held = 0
        self._revision = ""
        self._decisions: dict[tuple[CallerAttributes, AccessAttributes], dict[Classified, Decision]] = {}

    def of(self, caller: CallerAttributes, access: AccessAttributes, *, revision: str) -> dict[Classified, Decision]:
        """Return what is remembered for one caller and access under a revision; writable through `keep`."""
        if revision != self._revision or self._held > self._limit:
            self._decisions = {}
            self._held = 0
            self._revision = revision
        return self._decisions.setdefault((caller, access), {})

    def keep(
        self,
        caller: CallerAttributes,
        access: AccessAttributes,
        decided: dict[Classified, Decision],
        *,
        revision: str,
    ) -> None:
        """Remember decisions made under a revision."""
        self.of(caller, access, revision=revision).update(decided)
        self._held += len(decided)


class Decisions:
    """The decisions of one ask: all of them under one revision of the rules."""

    def __init__(self, *, decider: Decider, memory: Memory, caller: CallerAttributes, access: AccessAttributes) -> None:
        """Decide for one caller and one access."""
        self._decider = decider
        self._memory = memory
        self._caller = caller
        self._access = access
        self.revision = decider.revision
        self._known = memory.of(caller, access, revision=self.revision)
        self._decided_before = False

    @property
    def engine(self) -> str:
        """Name the engine that decides."""
        return self._decider.name

    async def decide(self, classified: Sequence[Classified]) -> list[Decision]:
        """Return one decision for each class, in order; each distinct new class is asked about once.

        Raises:
            DecisionUnavailable: The engine gave no complete answer.
            RulesChanged: The rules changed since the first decision of this ask.
        """
        # More than once only where the first answer came under new rules, and what was known fell away.
        while missing := [key for key in dict.fromkeys(classified) if key not in self._known]:
            await self._ask(missing)
        self._decided_before = True
        return [self._known[key] for key in classified]

    async def decide_fields(
        self, record_type: RecordType, record_class: RecordClass, fields: tuple[str, ...]
    ) -> Decision:
        """Return a decision on named fields of a class, not remembered: for searches and actions."""
        item = Item(type=record_type, fields=fields, record_class=record_class)
        return (await self._answer({"k0": item}))["k0"]

    async def _ask(self, missing: Sequence[Classified]) -> None:
        items = {
            f"k{number}": Item(type=record_type, fields=FIELDS[record_type], record_class=record_class)
            for number, (record_type, record_class) in enumerate(missing)
        }
        decided = await self._answer(items)
        fresh = {key: decided[f"k{number}"] for number, key in enumerate(missing)}
        self._known.update(fresh)
        self._memory.keep(self._caller, self._access, fresh, revision=self.revision)

    async def _answer(self, items: dict[str, Item]) -> dict[str, Decision]:
        answer = await self._decider.decide(Question(caller=self._caller, access=self._access, items=items))
        if answer.revision != self.revision:
            if self._decided_before:
                raise RulesChanged(
                    "The rules changed while this ask was being decided; ask again.", reason="revision-changed"
                )
            self.revision = answer.revision
            self._known = self._memory.of(self._caller, self._access, revision=answer.revision)
        return dict(answer.items)
