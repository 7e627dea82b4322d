"""Where traces go: a collector that speaks OTLP over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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
from opentelemetry.util.types import Attributes

from gateway import tracing

SEND_TIMEOUT: Final = 5.0
"""Seconds that a batch may take; what a collector does not take is dropped, and keeps no request."""


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
        with tracing.to(provider.get_tracer("gateway")):
            yield
    finally:
        await asyncio.to_thread(provider.shutdown)
