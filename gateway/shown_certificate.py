"""The certificate that a caller shows: over the connection itself, or as a declared proxy hands it on (RFC 9440)."""

import binascii
import re
import ssl
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from cryptography import x509
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.federation.certificates import expiry_of, thumbprint
from gateway.settings import Network

SHOWN: Final = "gateway.shown-certificate"
"""Where a request's scope has what was shown."""

EXPIRED: Final = "certificate-expired"
"""It ran out while the connection stayed."""
TWICE: Final = "certificate-twice"
MALFORMED: Final = "certificate-malformed"

REMEMBERED: Final = 1_024
"""Certificates that need not be read again."""

_BYTE_SEQUENCE = re.compile(rb":([A-Za-z0-9+/]+={0,2}):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request shows of its caller's certificate."""

    thumbprint: str | None = None
    """Its `x5t#S256`; None where there is none that can be read."""
    fault: str | None = None
    """Why nothing may be told to whoever shows it."""


NOTHING: Final = Shown()


class Proxies:
    """The proxies where callers' TLS ends, and the header by which they hand certificates on."""

    def __init__(self, *, networks: Sequence[Network] = (), header: str = "Client-Cert") -> None:
        """Take their networks and the header's name."""
        self._networks = networks
        self.header = header.lower().encode("ascii")

    def have(self, client: tuple[str, int] | None) -> bool:
        """Return whether a connection comes from one of them."""
        if not self._networks or client is None:
            return False
        address = ip_address(client[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


class Certified:
    """An application whose every request has the certificate that its caller shows."""

    def __init__(self, app: ASGIApp, *, proxies: Proxies, seconds: Callable[[], float] = time.time) -> None:
        """Take the application, the declared proxies, and the seconds since 1970."""
        self._app = app
        self._proxies = proxies
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            if self._proxies.have(scope.get("client")):
                # Over the connection itself it is the proxy that shows a certificate.
                scope[SHOWN] = self._handed_on(scope)
                scope["scheme"] = "https"
            else:
                scope[SHOWN] = _of_the_connection(scope)
        await self._app(scope, receive, send)

    def _handed_on(self, scope: Scope) -> Shown:
        stated = [text for name, text in scope["headers"] if name == self._proxies.header]
        if not stated:
            return NOTHING
        if len(stated) > 1:
            # The proxy has put its own beside the caller's, and nobody can tell which is which.
            return Shown(fault=TWICE)
        found = _read(stated[0].strip(b" \t"))
        if found is None:
            return Shown(fault=MALFORMED)
        shown, expires = found
        return shown if self._seconds() <= expires else Shown(fault=EXPIRED)


def shown_in(scope: Scope) -> Shown:
    """Return the certificate that a request's caller shows."""
    shown = scope.get(SHOWN, NOTHING)
    assert isinstance(shown, Shown)  # noqa: S101  # `Certified` put it there
    return shown


def _of_the_connection(scope: Scope) -> Shown:
    tls = scope.get("extensions", {}).get("tls", {})
    if tls.get("client_cert_error") is not None:
        return Shown(fault=tls["client_cert_error"])
    chain = tls.get("client_cert_chain", ())
    return _of_pem(chain[0]) if chain else NOTHING


@lru_cache(maxsize=REMEMBERED)
def _of_pem(pem: str) -> Shown:
    return Shown(thumbprint=thumbprint(ssl.PEM_cert_to_DER_cert(pem)))


@lru_cache(maxsize=REMEMBERED)
def _read(text: bytes) -> tuple[Shown, float] | None:
    """Return the certificate in a header and when it expires; None where it is no byte sequence of one certificate."""
    sequence = _BYTE_SEQUENCE.fullmatch(text)
    if sequence is None:
        return None
    try:
        der = b64decode(sequence[1], validate=True)
        return Shown(thumbprint=thumbprint(der)), expiry_of(der)
    except (binascii.Error, ValueError, x509.InvalidVersion):
        return None
