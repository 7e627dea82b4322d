"""HTTP over TLS with the caller's certificate in the ASGI scope, in the form of the ASGI TLS extension.

uvicorn does not put it there by itself; once it does, this module can go.
"""

import ssl
from asyncio import Transport
from typing import Any

from gateway.http_protocol import LimitedProtocol


class TlsProtocol(LimitedProtocol):
    """A connection whose every request says who holds the other end."""

    _tls: dict[Any, Any]

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Look at the certificate, once for a connection."""
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        certificate = None if connection is None else connection.getpeercert(binary_form=True)
        self._tls = {
            "server_cert": None,
            "client_cert_chain": () if certificate is None else (ssl.DER_cert_to_PEM_cert(certificate),),
            "client_cert_error": None,
            "tls_version": 0x0304 if connection is not None and connection.version() == "TLSv1.3" else None,
            "cipher_suite": None,
        }

    def on_message_begin(self) -> None:
        """Begin a request with it."""
        super().on_message_begin()
        self.scope["extensions"] = {**self.scope.get("extensions", {}), "tls": self._tls}
