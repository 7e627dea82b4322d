"""Traces: which parts of a request took how long, for whoever runs the gateway.

A span says what was done and how it ended in words of ours: no person, no identifier, no statement, nothing typed.
Off until `to` is given a tracer; only requests begin traces, so what a gateway does by itself makes none.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NoOpTracer, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.errors import DirectoryError

TRACEPARENT: Final = "traceparent"
_W3C: Final = TraceContextTextMapPropagator()
_OFF: Final = NoOpTracer()
_tracer: Tracer = _OFF


@contextmanager
def to(tracer: Tracer) -> Iterator[None]:
    """Let all requests of this process be traced for the length of the block."""
    global _tracer
    _tracer = tracer
    try:
        yield
    finally:
        _tracer = _OFF


def traces() -> bool:
    """Return whether anything is traced."""
    return _tracer is not _OFF


def begun(name: str, *, kind: SpanKind, context: Context | None = None) -> AbstractContextManager[Span]:
    """Begin a span, under the one that is under way or under what a context holds."""
    return _tracer.start_as_current_span(
        name, context=context, kind=kind, record_exception=False, set_status_on_exception=False
    )


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **said: str) -> Iterator[None]:
    """Trace a part of a request; what goes wrong in it is told by its reason, without the error's words."""
    if not trace.get_current_span().is_recording():
        yield
        return
    with begun(name, kind=kind) as part:
        part.set_attributes({f"gateway.{key}": value for key, value in said.items()})
        try:
            yield
        except DirectoryError as error:
            part.set_attribute("gateway.reason", error.reason.partition(":")[0])
            part.set_status(Status(StatusCode.ERROR))
            raise


def traceparent() -> Mapping[str, str]:
    """Return the header that lets another gateway go on with this trace; none while nothing is traced."""
    carried: dict[str, str] = {}
    _W3C.inject(carried)
    return {TRACEPARENT: carried[TRACEPARENT]} if TRACEPARENT in carried else {}


def sent(traceparents: list[str]) -> Context:
    """Return the trace that a sender has begun: its ids, and nothing else that a stranger might say of it."""
    return _W3C.extract({TRACEPARENT: traceparents[0]} if len(traceparents) == 1 else {}, context=Context())
