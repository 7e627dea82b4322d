"""A policy engine whose every question is counted."""

from time import perf_counter

from gateway.disclosure.question import Answer, Question
from gateway.errors import DecisionUnavailable
from gateway.metrics.metrics import Metrics
from gateway.ports import Decider
from gateway.tracing import span

CANCELLED = "cancelled"


class CountedDecider:
    """Another engine, and what it takes; satisfies `Decider`."""

    def __init__(self, decider: Decider, metrics: Metrics) -> None:
        """Take the engine, and where to count."""
        self._decider = decider
        self._metrics = metrics

    @property
    def name(self) -> str:
        """Name the engine."""
        return self._decider.name

    @property
    def revision(self) -> str:
        """Return the revision of the rules in force; raises as the engine does."""
        return self._decider.revision

    async def decide(self, question: Question) -> Answer:
        """Answer a whole batch; raises as the engine does."""
        began, outcome = perf_counter(), CANCELLED
        try:
            with span("decide", engine=self._decider.name):
                answer = await self._decider.decide(question)
            outcome = "answered"
        except DecisionUnavailable as error:
            outcome = error.reason
            raise
        finally:
            self._metrics.engine_asked(outcome, seconds=perf_counter() - began)
        return answer
