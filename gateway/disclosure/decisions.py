"""Decide: one batched question for the distinct classes of a level, remembered by caller attributes and class.

What is remembered holds attributes, never people, and falls away with the rules that made it.
A class that is being asked about is not asked about again: whoever needs it meanwhile waits for the same answer.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gateway.disclosure.classes import RecordClass
from gateway.disclosure.fields import FIELDS
from gateway.disclosure.question import AccessAttributes, Answer, CallerAttributes, Decision, Item, Question
from gateway.errors import DecisionUnavailable, RulesChanged
from gateway.ports import Decider
from gateway.vocabulary import RecordType

Classified = tuple[RecordType, RecordClass]
Known = Classified | tuple[RecordType, RecordClass, tuple[str, ...]]
"""What a decision is remembered by: a class, with the fields where they are not all of its type's."""


class Memory:
    """Decisions already made under the rules in force; bounded, shared by all requests of a process."""

    def __init__(
        self, *, limit: int = 50_000, looked_up: Callable[[int, int], None] = lambda remembered, asked: None
    ) -> None:
        """Start with nothing; forget everything once `limit` decisions are held.

        `looked_up` is told of each level on how many classes a decision was remembered, and on how many it was not.
        """
        self._limit = limit
        self.looked_up = looked_up
        self._held = 0
        self._revision = ""
        self._decisions: dict[tuple[CallerAttributes, AccessAttributes], dict[Known, Decision]] = {}
        self.awaited: dict[tuple[str, CallerAttributes, AccessAttributes, Known], tuple[asyncio.Task[Answer], str]] = {}
        """What is being asked about at this moment, under the rules that were in force when it was asked."""
        self.waiting: Counter[asyncio.Task[Answer]] = Counter()
        """How many asks wait for each question at this moment."""

    def no_longer_awaited(self, question: asyncio.Task[Answer]) -> None:
        """Let nobody who comes from now on wait for a question."""
        self.awaited = {place: asked for place, asked in self.awaited.items() if asked[0] is not question}

    def of(self, caller: CallerAttributes, access: AccessAttributes, *, revision: str) -> dict[Known, Decision]:
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
        decided: dict[Known, Decision],
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
        return await self._decided(classified)

    async def decide_fields(
        self, record_type: RecordType, record_class: RecordClass, fields: tuple[str, ...]
    ) -> Decision:
        """Return a decision on named fields of a class: for searches and actions; raises as `decide` does."""
        return (await self._decided([(record_type, record_class, fields)]))[0]

    async def _decided(self, keys: Sequence[Known]) -> list[Decision]:
        distinct = dict.fromkeys(keys)
        missing = [key for key in distinct if key not in self._known]
        self._memory.looked_up(len(distinct) - len(missing), len(missing))
        # More than once only where the first answer came under new rules, and what was known fell away.
        while missing:
            await self._ask(missing)
            missing = [key for key in distinct if key not in self._known]
        self._decided_before = True
        return [self._known[key] for key in keys]

    async def _ask(self, missing: Sequence[Known]) -> None:
        awaited, asked_under = self._memory.awaited, self.revision
        new = [key for key in missing if (asked_under, self._caller, self._access, key) not in awaited]
        if new:
            items = {f"k{number}": _item(key) for number, key in enumerate(new)}
            # A task of its own, so that a caller who goes away takes nobody else's answer along.
            task = asyncio.create_task(self._answer(items))
            places = {
                (asked_under, self._caller, self._access, key): (task, f"k{number}") for number, key in enumerate(new)
            }
            awaited.update(places)
            task.add_done_callback(self._memory.no_longer_awaited)
        waiting = {key: awaited[asked_under, self._caller, self._access, key] for key in missing}
        questions = list(dict.fromkeys(task for task, _ in waiting.values()))
        with self._waiting_for(questions):
            for task in questions:
                answer = await _shared(task)
                self._accept(answer.revision)
                fresh = {key: answer.items[place] for key, (asked, place) in waiting.items() if asked is task}
                self._known.update(fresh)
                self._memory.keep(self._caller, self._access, fresh, revision=answer.revision)

    @contextmanager
    def _waiting_for(self, questions: Sequence[asyncio.Task[Answer]]) -> Iterator[None]:
        """Count this ask among those who wait; a question for which nobody waits any more is taken back."""
        waiting = self._memory.waiting
        waiting.update(questions)
        try:
            yield
        finally:
            for task in questions:
                waiting[task] -= 1
                if not waiting[task]:
                    del waiting[task]
                    self._memory.no_longer_awaited(task)
                    task.cancel()  # one that was answered does not mind

    async def _answer(self, items: dict[str, Item]) -> Answer:
        return await self._decider.decide(Question(caller=self._caller, access=self._access, items=items))

    def _accept(self, revision: str) -> None:
        if revision != self.revision:
            if self._decided_before:
                raise RulesChanged(
                    "The rules changed while this ask was being decided; ask again.", reason="revision-changed"
                )
            self.revision = revision
            self._known = self._memory.of(self._caller, self._access, revision=revision)


def _item(key: Known) -> Item:
    fields = key[2] if len(key) == 3 else FIELDS[key[0]]
    return Item(type=key[0], fields=fields, record_class=key[1])


async def _shared(task: asyncio.Task[Answer]) -> Answer:
    try:
        return await asyncio.shield(task)
    except DecisionUnavailable as error:
        # Each its own: an exception that is raised in several places collects the frames of all.
        raise DecisionUnavailable(error.message, reason=error.reason) from error
