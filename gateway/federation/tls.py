"""TLS between gateways: version 1.3 only, certificates on both sides, changed without a restart."""

import logging
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from gateway.federation.certificates import expiry_of
from gateway.federation.enrolment import CertificateRefused, der_of
from gateway.federation.registry import Member, Registry
from gateway.federation.signed import Key, KeyUnusable, read_key
from gateway.refused_connections import Fault, RefusedConnections
from gateway.settings import SettingsError

log = logging.getLogger("gateway.federation")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """Where this gateway's certificate and its key lie."""

    certificate: Path
    key: Path

    def version(self) -> tuple[int, ...]:
        """Return what changes when either file is replaced."""
        return tuple(part for path in (self.certificate, self.key) for part in file_version(path))

    def expires(self) -> float:
        """Return when the certificate expires, in seconds since 1970.

        Raises:
            SettingsError: There is none.
        """
        try:
            return expiry_of(der_of(self.certificate.read_bytes()))
        except (OSError, CertificateRefused) as error:
            raise SettingsError("GATEWAY_PEER_CERT_FILE: no certificate in PEM") from error

    def load(self, context: ssl.SSLContext) -> None:
        """Let a context present the certificate.

        Raises:
            SettingsError: The files cannot be read, or do not belong together.
        """
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                "GATEWAY_PEER_CERT_FILE and GATEWAY_PEER_KEY_FILE: not a certificate and its key in PEM"
            ) from error


def assertion_key(path: Path) -> Key:
    """Return the key in a file by which this gateway signs what it asks others under.

    Raises:
        SettingsError: It is no private key.
    """
    try:
        return read_key(orjson.loads(path.read_bytes()), private=True)
    except (OSError, ValueError, KeyUnusable) as error:
        raise SettingsError("GATEWAY_ASSERTION_KEY_FILE: no private key as a JWK") from error


class _Complaints:
    """Log lines about files that cannot be used: one for each time that they are replaced, not for each reading."""

    def __init__(self) -> None:
        self._about: object = None

    def make(self, version: object, error: SettingsError) -> None:
        if version != self._about:
            self._about = version
            log.error("not taken up, what was there before stays: %s", error)


class OwnKey:
    """The key by which this gateway signs what it asks others under; the next one counts once it is in its place."""

    def __init__(self, path: Path) -> None:
        """Take the key's file; raises as `assertion_key` does."""
        self._path = path
        self._version = file_version(path)
        self._key = assertion_key(path)
        self._complaints = _Complaints()

    def __call__(self) -> Key:
        """Return the key."""
        version = file_version(self._path)
        if version != self._version:
            try:
                self._key, self._version = assertion_key(self._path), version
            except SettingsError as error:
                # A half-replaced file: the last key that could be used stands until the next call.
                self._complaints.make(version, error)
        return self._key


def asking_context(own: OwnCertificate, member: Member) -> ssl.SSLContext:
    """Return the context in which one member is asked: its own issuers are believed, for its own host names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _believe(context, member.issuers)
    own.load(context)
    return context


class PeerPort:
    """The TLS of the port for peers; each handshake meets the registry and the certificate then in force."""

    def __init__(
        self,
        own: OwnCertificate,
        registry: Callable[[], Registry | None],
        *,
        refused: RefusedConnections,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        """Take the certificate's files, where the registry in force is found, and who is told of what is refused.

        Raises:
            SettingsError: The certificate cannot be used.
        """
        self._own = own
        self._registry = registry
        self._refused = refused
        self._seconds = seconds
        self._expires = 0.0
        self._complaints = _Complaints()
        self._made_of: tuple[Registry | None, tuple[int, ...]] = (registry(), own.version())
        self._current = self._made(self._made_of[0])
        self.context = self._made(None)
        """What to listen with: it believes nobody itself, and hands each handshake to the context of the moment."""
        self.context.sni_callback = self._hand_over
        refused.watch(self.context)

    def _hand_over(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._in_force()
        if self._seconds() > self._expires:
            # Whoever connects will hang up, and most say nothing of why.
            self._refused.note(Fault.OWN_CERTIFICATE_EXPIRED)

    def _in_force(self) -> ssl.SSLContext:
        made_of = (self._registry(), self._own.version())
        if made_of[0] is not self._made_of[0] or made_of[1] != self._made_of[1]:
            try:
                self._current, self._made_of = self._made(made_of[0]), made_of
            except SettingsError as error:
                # Half-replaced files: the last certificate that could be used stands until the next handshake.
                self._complaints.make(made_of[1], error)
        return self._current

    def _made(self, registry: Registry | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        # A resumed session would skip the look at a certificate that has been withdrawn since.
        context.num_tickets = 0
        _believe(context, [] if registry is None else [i for m in registry.members.values() for i in m.issuers])
        self._own.load(context)
        self._expires = self._own.expires()
        return context


def _believe(context: ssl.SSLContext, issuers: Iterable[bytes]) -> None:
    # The named issuer is the anchor, whether or not somebody else vouches for it in turn.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for issuer in dict.fromkeys(issuers):
        context.load_verify_locations(cadata=issuer)


def file_version(path: Path) -> tuple[int, int]:
    """Return what changes when a file is replaced."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
