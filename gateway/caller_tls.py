"""TLS of the port for callers: its certificate, whose certificates it takes, and both changed while it serves."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from weakref import WeakSet

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.settings import SettingsError

_CA: Final = "GATEWAY_TLS_CLIENT_CA_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFiles:
    """Where the port's certificate and key lie and, where callers must show one of theirs, who may have made it."""

    certificate: Path
    key: Path
    authorities: Path | None = None


class Connection(Protocol):
    """A client's connection."""

    def shutdown(self) -> None:
        """Let go of it, once the request under way or on its way is answered."""
        ...


class CallerContext(ssl.SSLContext):
    """What one reading of the files came to, with the connections that were made under it.

    `authorities` are the certificates (DER) whose holders may make callers' certificates.
    """

    def __init__(self, _protocol: int) -> None:
        """Know no connection yet."""
        self.authorities: frozenset[bytes] = frozenset()
        self._withdrawn = False
        self._connections: WeakSet[Connection] = WeakSet()

    def takes(self, connection: Connection) -> bool:
        """Return whether a connection counts; one whose handshake took until an authority was withdrawn does not."""
        if not self._withdrawn:
            self._connections.add(connection)
        return not self._withdrawn

    def withdraw(self) -> None:
        """Let go of the connections that were made under it."""
        self._withdrawn = True
        for connection in list(self._connections):
            connection.shutdown()


def caller_context(files: CallerFiles) -> CallerContext:
    """Return a context of the port for callers.

    Raises:
        SettingsError: The files cannot be read, do not belong together, or hold no authority.
    """
    context = _showing(files)
    if files.authorities is not None:
        _believe(context, authorities_in(files.authorities))
    return context


def _showing(files: CallerFiles) -> CallerContext:
    """Return a context that shows the port's certificate and, where callers must show one, believes nobody's yet."""
    context = CallerContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            "GATEWAY_TLS_CERT_FILE and GATEWAY_TLS_KEY_FILE: not a certificate and its key in PEM"
        ) from error
    if files.authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        # Before 1.3 a caller's certificate, which may name who asks, crosses the network in the clear.
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # A resumed session would skip the look at a certificate whose authority has been withdrawn since.
        context.num_tickets = 0
        # The authority that is named is the anchor, whether or not somebody else vouches for it in turn.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def authorities_in(path: Path) -> Sequence[x509.Certificate]:
    """Return the certificates of the authorities whose certificates callers may show.

    Raises:
        SettingsError: The file cannot be read, or holds something else.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError, x509.InvalidVersion) as error:
        raise SettingsError(f"{_CA}: no certificates of authorities in PEM") from error
    if not all(map(_may_issue, found)):
        # It would be believed for itself: whoever has its key could come in, and make nothing for others.
        raise SettingsError(f"{_CA}: a certificate in it is no authority's")
    return found


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False


def _believe(context: CallerContext, authorities: Sequence[x509.Certificate]) -> None:
    context.authorities = frozenset(one.public_bytes(Encoding.DER) for one in authorities)
    try:
        for authority in context.authorities:
            context.load_verify_locations(cadata=authority)
    except ssl.SSLError as error:
        raise SettingsError(f"{_CA}: a certificate in it cannot be used") from error


class CallerPort:
    """The TLS of the port for callers, whose files can be changed while it serves."""

    def __init__(self, files: CallerFiles) -> None:
        """Take the files; raises as `caller_context` does."""
        self._files = files
        self._current = caller_context(files)
        self._made = WeakSet([self._current])
        self.context = _showing(files)
        """What to listen with: it believes nobody itself, and hands each handshake to the context of the moment."""
        self.context.sni_callback = self._hand_over

    @property
    def takes_certificates(self) -> bool:
        """Return whether callers must show a certificate."""
        return self._files.authorities is not None

    async def reload(self) -> str:
        """Read the files again; raises as `caller_context` does, and then those before stand.

        Where an authority is not among them any more, the connections that were made before are let go of: it is not
        known here by which authority each of them came in.
        """
        made = await asyncio.to_thread(caller_context, self._files)
        withdrawn = self._current.authorities - made.authorities
        if withdrawn:
            for context in list(self._made):
                context.withdraw()
            self._made.clear()
        self._current = made
        self._made.add(made)
        return "read"

    def _hand_over(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current
