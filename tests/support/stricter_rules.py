"""The project's rules, made stricter by a test: some fields are withheld from everybody, and some types concealed."""

from dataclasses import replace

from gateway.disclosure.question import Answer, FieldDecision
from gateway.vocabulary import Effect

REFUSED = FieldDecision(effect=Effect.WITHHOLD, reasons=("made-up",), tell="NOT_FOR_ROLE")


class StricterRules:
    """Satisfies `Decider`; `withheld` holds (type, field), `concealed` types, both by the graph's names."""

    def __init__(self, engine):
        self._engine = engine
        self.withheld, self.concealed = frozenset(), frozenset()

    @property
    def name(self):
        return self._engine.name

    @property
    def revision(self):
        stricter = sorted([*map(".".join, self.withheld), *self.concealed])
        return "+".join([self._engine.revision, *stricter])

    async def decide(self, question):
        revision, answer = self.revision, await self._engine.decide(question)
        items = {key: self._stricter(question.items[key].type, item) for key, item in answer.items.items()}
        return Answer(revision=revision, items=items)

    def _stricter(self, record_type, decided):
        fields = {
            name: REFUSED if (record_type.value, name) in self.withheld and one.effect is not Effect.CONCEAL else one
            for name, one in decided.fields.items()
        }
        concealed = record_type.value in self.concealed
        return replace(decided, exists=Effect.CONCEAL if concealed else decided.exists, fields=fields)
