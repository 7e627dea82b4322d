"""Where traces go: a collector that speaks OTLP over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from random import SystemRandom
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from gateway import tracing
from gateway.tracing import TRACEPARENT

SEND_TIMEOUT: Final = 5.0
"""Seconds that a batch may take; what a collector does not take is dropped, and keeps no request."""

_W3C: Final = TraceContextTextMapPropagator()


class OwnSampling(Sampler):
    """Traces a share of requests, chosen here: a stranger's wish to be traced, or their choice of an id, is none."""

    def __init__(self, share: float) -> None:
        """Take the share, from 0 to 1."""
        self._share = share
        self._chance = SystemRandom()

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Follow what was chosen for the request, or choose."""
        above = trace.get_current_span(parent_context).get_span_context()
        if above.is_valid and not above.is_remote:
            chosen = above.trace_flags.sampled
        else:
            chosen = self._chance.random() < self._share
        return SamplingResult(Decision.RECORD_AND_SAMPLE if chosen else Decision.DROP, attributes)

    def get_description(self) -> str:
        """Say what it does."""
        return f"own share {self._share}"


class OpenSpan:
    """A span that is under way; satisfies `Span`."""

    def __init__(self, span: trace.Span) -> None:
        """Take OpenTelemetry's."""
        self._span = span

    def note(self, name: str, value: str | int) -> None:
        """Say something of it."""
        self._span.set_attribute(name, value)

    def fail(self) -> None:
        """Say that it went wrong."""
        self._span.set_status(trace.Status(trace.StatusCode.ERROR))


class OpenTelemetryTracer:
    """Takes traces in OpenTelemetry's way; satisfies `Tracer`."""

    def __init__(self, tracer: trace.Tracer) -> None:
        """Take OpenTelemetry's."""
        self._tracer = tracer

    @contextmanager
    def request(self, traceparents: Sequence[str]) -> Iterator[OpenSpan]:
        """Trace a request; of what its sender says of its trace only the ids are read."""
        stated = {TRACEPARENT: traceparents[0]} if len(traceparents) == 1 else {}
        with self._begun("request", SpanKind.SERVER, _W3C.extract(stated, context=Context())) as span:
            yield OpenSpan(span)

    @contextmanager
    def part(self, name: str, *, outwards: bool) -> Iterator[OpenSpan]:
        """Trace a part of the request under way."""
        with self._begun(name, SpanKind.CLIENT if outwards else SpanKind.INTERNAL) as span:
            yield OpenSpan(span)

    def follows(self) -> bool:
        """Return whether the request under way is traced."""
        recorded: bool = trace.get_current_span().is_recording()
        return recorded

    def traceparent(self) -> str | None:
        """Return how another gateway goes on with the trace under way."""
        carried: dict[str, str] = {}
        _W3C.inject(carried)
        return carried.get(TRACEPARENT)

    def _begun(self, name: str, kind: SpanKind, context: Context | None = None) -> AbstractContextManager[trace.Span]:
        # An exception is not recorded: its words may hold what was being worked on.
        begun: AbstractContextManager[trace.Span] = self._tracer.start_as_current_span(
            name, context=context, kind=kind, record_exception=False, set_status_on_exception=False
        )
        return begun


@asynccontextmanager
async def traced(endpoint: str, *, share: float, authority: str) -> AsyncIterator[None]:
    """Send traces of this process to a collector for the length of the block; what waits at the end is sent."""
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=SEND_TIMEOUT)
    provider = TracerProvider(
        resource=Resource({"service.name": "directory-gateway", "service.namespace": authority}),
        sampler=OwnSampling(share),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        with tracing.to(OpenTelemetryTracer(provider.get_tracer("gateway"))):
            yield
    finally:
        await asyncio.to_thread(provider.shutdown)
