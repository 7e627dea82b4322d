"""The connection of a client: how much it may say before a request's body, and how long it may take.

What is refused here has never become a request: it is answered in the form of all errors, without looking at who asks.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.errors import BadRequest, DirectoryError, Overloaded
from gateway.http_requests import new_request_id, refusal, response_of
from gateway.http_turning_away import TurningAway, response_bytes

SLICE: Final = 16_384
"""Bytes that are read at once: a head that is over a limit is given up after so many more at most."""

FAREWELL: Final = 1.0
"""Seconds for which a client that is refused may still send, so that it reads why instead of a reset."""

LAST_CALL: Final = 0.5
"""Seconds for which a connection without a request is kept once the server stops: one may be on its way already."""

GLANCE: Final = 0.05
"""Seconds for one more look at what has arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What a client may do before there is a request of its own; bytes, numbers and seconds."""

    address: int = 16_384
    headers: int = 64
    header_bytes: int = 16_384
    head_timeout: float = 5.0
    taking_timeout: float = 30.0
    connections: int = 1_000


class LimitedProtocol(HttpToolsProtocol):
    """A connection that is held to limits; `limited` says which."""

    limits = ConnectionLimits()
    refused: Callable[[int], None] = staticmethod(lambda status: None)
    """Told the status of each refusal."""
    turning_away: TurningAway | None = None
    """Turns asks away while there are too many; without it all become requests."""

    _head_timer: TimerHandle | None = None
    _taking_timer: TimerHandle | None = None
    _in_body = False
    _passed_over = False
    _over = False
    _stopping = False
    _head_read = 0
    _header_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Wait for a request, or turn the connection away where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            crowded = "The gateway has more connections than it keeps; ask again in a moment."
            self._refuse(503, Overloaded(crowded, retry_after=1))
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        self._stop(self._taking_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, slice by slice, until it is over a limit."""
        for begin in range(0, len(data), SLICE):
            if self._over or self.transport.is_closing():
                return
            piece = data[begin : begin + SLICE]
            if not self._in_body:
                self._await_head()
                self._head_read += len(piece)
            self._unset_keepalive_if_required()
            self._feed(piece)
            if not self._in_body and self._head_read > self.limits.address + self.limits.header_bytes + 2 * SLICE:
                self._refuse_headers()

    def _feed(self, piece: bytes) -> None:
        try:
            self.parser.feed_data(piece)
        except HttpParserUpgrade as upgrade:
            # The parser stops here, before a body. The same head without that wish is read by a new one.
            head = self._head_of_this_protocol()
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self._feed(head + piece[upgrade.args[0] :])
        except HttpParserError:
            self._refuse(400, BadRequest("This is not HTTP/1.1 as it is served here."))

    def _head_of_this_protocol(self) -> bytes:
        kept = [(name, value) for name, value in self.headers if name not in (b"connection", b"upgrade")]
        first = b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
        return first + b"".join(b"%s: %s\r\n" % header for header in kept) + b"\r\n"

    def on_message_begin(self) -> None:
        """Begin to count a request's head."""
        super().on_message_begin()
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        super().on_url(url)
        limit = self.limits.address
        if len(self.url) > limit:
            self._refuse(414, BadRequest(f"The address is over the limit of {limit} bytes. Send the same by POST."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those behind a body count, and are no part of the request."""
        self._header_bytes += len(name) + len(value) + len(": \r\n")
        if not self._in_body:
            super().on_header(name, value)
        if self._header_bytes > self.limits.header_bytes or len(self.headers) > self.limits.headers:
            self._refuse_headers()

    def on_headers_complete(self) -> None:
        """Begin the request, where its head is within the limits."""
        self._stop_waiting()
        self._head_read = 0
        if self.parser.get_method() == b"CONNECT":
            self._refuse(405, BadRequest("This is no proxy."))
        if not self._over and not self.parser.should_upgrade():
            self._passed_over = self._turned_away()
            if not self._passed_over:
                super().on_headers_complete()
            self._in_body = True
            if self._stopping:
                self.cycle.keep_alive = False

    def _turned_away(self) -> bool:
        """Reply at once to an ask for which there is no room, and return whether there was none.

        Left to the application are those after which the connection is let go, and those that come before the reply
        to another was sent or taken.
        """
        busy = self.cycle is not None and not self.cycle.response_complete
        if self.turning_away is None or busy or self._stopping or self.flow.write_paused:
            return False
        if self.parser.get_http_version() != "1.1" or not self.parser.should_keep_alive():
            return False
        secure = self.scheme == "https"
        reply = self.turning_away.reply_to(self.parser.get_method(), self.url, self.headers, secure=secure)
        if reply is None:
            return False
        line, rest = reply
        said = [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        self.transport.write(b"".join([line, *said, rest]))
        self._in_body = True  # for which the reply waits as little as for any other that goes out early
        self.on_response_complete()
        return True

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self._over and not self._passed_over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Be ready for the next request."""
        if not self._over and not self.parser.should_upgrade():
            if not self._passed_over:
                super().on_message_complete()
            self._in_body = self._passed_over = False
            self._stop_waiting()
            replied = self.cycle is None or self.cycle.response_complete
            if replied and self.timeout_keep_alive_task is None:
                # What came behind the reply has ended uvicorn's waiting for another request.
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def on_response_complete(self) -> None:
        """Keep the connection; the rest of a body that nobody reads may come for as long as a head may."""
        super().on_response_complete()
        if self._in_body:
            self._await_head()

    def shutdown(self) -> None:
        """Let go of the connection, once the request under way or on its way is answered.

        uvicorn closes it at once where there is no request, and what a client has just sent is lost without a word.
        """
        self._stopping = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LAST_CALL, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def _close_if_idle(self) -> None:
        if not self._in_body and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent, but not for ever."""
        super().pause_writing()
        self._taking_timer = self.loop.call_later(self.limits.taking_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._stop(self._taking_timer)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_timeout, self._late)

    def _stop_waiting(self) -> None:
        self._stop(self._head_timer)
        self._head_timer = None

    @staticmethod
    def _stop(timer: TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    def _late(self) -> None:
        # Where the event loop came late, what arrived meanwhile is read before anybody is blamed.
        self._head_timer = self.loop.call_later(GLANCE, self._given_up)

    def _given_up(self) -> None:
        if self._head_read and not self._in_body:
            within = self.limits.head_timeout
            self._refuse(408, BadRequest(f"The request's headers were not there within {within:g} s. Send it again."))
        else:
            self.transport.close()

    def _refuse_headers(self) -> None:
        most, size = self.limits.headers, self.limits.header_bytes
        self._refuse(431, BadRequest(f"At most {most} headers of {size} bytes together are read. Send fewer."))

    def _refuse(self, status: int, error: DirectoryError) -> None:
        """Say why, unless an answer is on its way to the same client, and let go of the connection."""
        if self._over or self.transport.is_closing():
            return
        self._over = True
        self._stop_waiting()
        self.refused(status)
        under_way = self.cycle is not None and not self.cycle.response_complete
        if under_way and not self._in_body:
            self.cycle.keep_alive = False  # the request before this one is still answered
            return
        # What goes wrong in a body behind its reply is told to nobody: a second reply would be taken for another's.
        replied = self._in_body and not under_way
        if not replied and not (under_way and self.cycle.response_started):
            self.transport.write(_response(status, error))
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(FAREWELL, self.transport.close)
        else:
            self.transport.close()


def limited(
    limits: ConnectionLimits,
    refused: Callable[[int], None],
    *,
    turning_away: TurningAway | None = None,
    protocol: type[LimitedProtocol] = LimitedProtocol,
) -> type[LimitedProtocol]:
    """Return the protocol with its limits, who is told of refusals and what turns asks away, as uvicorn takes one."""
    stated = {"limits": limits, "refused": staticmethod(refused), "turning_away": turning_away}
    return type(protocol.__name__, (protocol,), stated)


def _response(status: int, error: DirectoryError) -> bytes:
    response = response_of(refusal(error), new_request_id(), status=status, headers={"connection": "close"})
    return bytes(STATUS_LINE[status]) + response_bytes(response)
