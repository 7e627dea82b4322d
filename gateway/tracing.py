"""Traces: which parts of a request took how long, for whoever runs the gateway.

A span says what was done and how it ended in words of ours: no person, no identifier, no statement, nothing typed.
Off until `to` is given a tracer; only requests begin traces, so what a gateway does by itself makes none.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, Protocol

from gateway.errors import DirectoryError

TRACEPARENT: Final = "traceparent"


class Span(Protocol):
    """What is under way."""

    def note(self, name: str, value: str | int) -> None:
        """Say something of it."""
        ...

    def fail(self) -> None:
        """Say that it went wrong."""
        ...


class Tracer(Protocol):
    """Takes traces; `connectors.traces` satisfies it."""

    def request(self, traceparents: Sequence[str]) -> AbstractContextManager[Span]:
        """Trace a request for the length of a block, or go on with the trace of its sender."""
        ...

    def part(self, name: str, *, outwards: bool) -> AbstractContextManager[Span]:
        """Trace a part of the request under way, which may go outwards to somebody else."""
        ...

    def follows(self) -> bool:
        """Return whether the request under way is traced."""
        ...

    def traceparent(self) -> str | None:
        """Return how another gateway goes on with the trace under way."""
        ...


_tracer: Tracer | None = None
_UNTRACED: Final = nullcontext()


@contextmanager
def to(tracer: Tracer) -> Iterator[None]:
    """Let all requests of this process be traced for the length of the block."""
    global _tracer
    _tracer = tracer
    try:
        yield
    finally:
        _tracer = None


def tracer() -> Tracer | None:
    """Return who takes traces, if anybody does."""
    return _tracer


def span(name: str, *, outwards: bool = False, **said: str) -> AbstractContextManager[None]:
    """Trace a part of a request; what goes wrong in it is told by its reason, without the error's words."""
    taking = _tracer
    return _UNTRACED if taking is None or not taking.follows() else _traced(taking, name, outwards=outwards, said=said)


@contextmanager
def _traced(taking: Tracer, name: str, *, outwards: bool, said: Mapping[str, str]) -> Iterator[None]:
    with taking.part(name, outwards=outwards) as part:
        for key, value in said.items():
            part.note(f"gateway.{key}", value)
        try:
            yield
        except DirectoryError as error:
            part.note("gateway.reason", error.reason.partition(":")[0])
            part.fail()
            raise


def traceparent() -> Mapping[str, str]:
    """Return the header that lets another gateway go on with this trace; none while nothing is traced."""
    stated = None if _tracer is None else _tracer.traceparent()
    return {} if stated is None else {TRACEPARENT: stated}
