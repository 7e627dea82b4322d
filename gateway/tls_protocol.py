"""HTTP over TLS with the caller's certificate in the ASGI scope, in the form of the ASGI TLS extension.

uvicorn does not put it there by itself; once it does, this module can go.
"""

import ssl
import time
from asyncio import Transport
from typing import Any

from gateway.caller_tls import CallerContext
from gateway.http_protocol import LimitedProtocol
from gateway.shown_certificate import EXPIRED


class TlsProtocol(LimitedProtocol):
    """A connection whose every request says who holds the other end."""

    _tls: dict[Any, Any]
    _expires: float | None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Look at the certificate, once for a connection."""
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        certificate = None if connection is None else connection.getpeercert(binary_form=True)
        self._expires = None if certificate is None else ssl.cert_time_to_seconds(connection.getpeercert()["notAfter"])
        self._tls = {
            "server_cert": None,
            "client_cert_chain": () if certificate is None else (ssl.DER_cert_to_PEM_cert(certificate),),
            "client_cert_error": None,
            "tls_version": 0x0304 if connection is not None and connection.version() == "TLSv1.3" else None,
            "cipher_suite": None,
        }
        context = None if connection is None else connection.context
        if isinstance(context, CallerContext) and not context.takes(self):
            transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request with it; TLS looked at its time when the connection was made, which may be long ago."""
        super().on_message_begin()
        if self._expires is not None and time.time() > self._expires:
            self._tls = self._tls | {"client_cert_error": EXPIRED}
        self.scope["extensions"] = {**self.scope.get("extensions", {}), "tls": self._tls}
