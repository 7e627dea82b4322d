"""Connections that TLS refuses: counted by reason, and of each reason one log line a minute.

What no member and no caller can be held to goes nowhere else. The ledger keeps for years what it is given and makes
every answer wait for its entry, so a stranger who could write into it could fill it; and nothing was asked that an
entry could tell of.
"""

import logging
import ssl
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Final

PEERS: Final = logging.getLogger("gateway.peers")
CALLERS: Final = logging.getLogger("gateway.callers")

PERIOD: Final = 60.0
"""Seconds between two log lines of one reason."""


class Fault(StrEnum):
    """Why one was refused; the closed set of a metric's label."""

    CERTIFICATE_MISSING = "certificate-missing"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_UNKNOWN = "certificate-unknown"
    CERTIFICATE_MISNAMED = "certificate-misnamed"
    """Made by a member's issuer in another name; an ask over one is in the ledger as well, under that member, unless
    several list the issuer."""
    OWN_CERTIFICATE_EXPIRED = "own-certificate-expired"
    OWN_CERTIFICATE_REFUSED = "own-certificate-refused"
    TLS_VERSION = "tls-version"
    NO_TLS = "no-tls"
    OTHER = "handshake-broken"


class RefusedConnections:
    """Counts connections refused at a port of a process, and says of each reason once a minute how many there were."""

    def __init__(
        self,
        *,
        counted: Callable[[str], None] = lambda _reason: None,
        log: logging.Logger = PEERS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take who counts, the port's log, and a clock that only goes forward."""
        self._counted = counted
        self._log = log
        self._seconds = seconds
        self._said: dict[Fault, float] = {}
        self._unsaid: Counter[Fault] = Counter()

    def note(self, fault: Fault) -> None:
        """Note one."""
        self._counted(fault.value)
        self._unsaid[fault] += 1
        now = self._seconds()
        if now - self._said.get(fault, -PERIOD) < PERIOD:
            return
        self._said[fault] = now
        self._log.warning("connections refused: %s: %d since it was last said", fault.value, self._unsaid.pop(fault))

    def watch(self, context: ssl.SSLContext) -> None:
        """Note every handshake that fails on connections made in this context; event loops drop them in silence."""
        note = self.note

        class Watched(ssl.SSLObject):
            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    raise  # it goes on when more has come
                except ssl.SSLError as error:
                    note(fault_of(error))
                    raise

        context.sslobject_class = Watched


def fault_of(error: ssl.SSLError) -> Fault:
    """Return what was wrong with a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _OF_A_CERTIFICATE.get(error.verify_code, Fault.CERTIFICATE_UNKNOWN)
    reason = error.reason or ""
    if "ALERT" in reason:
        return Fault.OWN_CERTIFICATE_REFUSED if _names_a_certificate(reason) else Fault.OTHER
    return _OF_A_HANDSHAKE.get(reason, Fault.OTHER)


def _names_a_certificate(alert: str) -> bool:
    return "CERTIFICATE" in alert or alert.endswith("UNKNOWN_CA")


_OF_A_CERTIFICATE: Final = {9: Fault.CERTIFICATE_NOT_YET_VALID, 10: Fault.CERTIFICATE_EXPIRED}
"""By OpenSSL's X509_V_ERR codes; every other one means that no issuer is listed that could have made it."""

_OF_A_HANDSHAKE: Final = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": Fault.CERTIFICATE_MISSING,
    "UNSUPPORTED_PROTOCOL": Fault.TLS_VERSION,
    "HTTP_REQUEST": Fault.NO_TLS,
    "HTTPS_PROXY_REQUEST": Fault.NO_TLS,
    "WRONG_VERSION_NUMBER": Fault.NO_TLS,
}
