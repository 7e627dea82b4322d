"""A collector of traces: OTLP over HTTP on a socket of this machine, as OpenTelemetry's own takes it."""

import gzip
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Keeps what it was sent, as bytes and as spans."""

    def __init__(self, url):
        self.url = url
        self.sent = []

    def take(self, content):
        self.sent.append(content)

    @property
    def spans(self):
        return [span for content in self.sent for span in _spans(content)]

    @property
    def text(self):
        """Everything that was sent, as text, but numbers drawn or measured: they may spell anything by chance."""
        return "".join(_without_numbers(ExportTraceServiceRequest.FromString(content)) for content in self.sent)

    def named(self, name):
        return [span for span in self.spans if span.name == name]


def _without_numbers(request):
    for of in request.resource_spans:
        for scope in of.scope_spans:
            for span in scope.spans:
                for drawn in ("trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "end_time_unix_nano"):
                    span.ClearField(drawn)
    return str(request)


def said_of(span):
    """The attributes of a span."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def _spans(content):
    request = ExportTraceServiceRequest.FromString(content)
    return [span for of in request.resource_spans for scope in of.scope_spans for span in scope.spans]


@contextmanager
def a_collector():
    """A collector that serves for the length of the block."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["content-length"]))
            collector.take(gzip.decompress(content) if self.headers.get("content-encoding") == "gzip" else content)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
