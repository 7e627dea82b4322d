"""Tokens that are good for the holder of one certificate only. Source: RFC 8705, 3; RFC 7800, 3."""

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.shown_certificate import Shown

_METHOD: Final = "x5t#S256"
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def binding_fault(claims: Mapping[str, Any], shown: Shown, *, required: bool) -> str | None:
    """Return why a token may not be used by whoever shows a certificate, or none.

    A token that is bound by anything but one certificate is refused: it would be taken from whoever has stolen it.
    """
    if shown.fault is not None:
        return shown.fault
    if "cnf" not in claims:
        return "token-unbound" if required else None
    bound_to = _bound_to(claims["cnf"])
    if bound_to is None:
        return "token-binding-malformed"
    if shown.thumbprint is None:
        return "token-certificate-missing"
    return None if hmac.compare_digest(bound_to, shown.thumbprint) else "token-certificate-other"


def _bound_to(confirmation: object) -> str | None:
    if not isinstance(confirmation, dict) or set(confirmation) != {_METHOD}:
        return None
    stated = confirmation[_METHOD]
    return stated if isinstance(stated, str) and _THUMBPRINT.fullmatch(stated) else None
