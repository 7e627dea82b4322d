"""Whose certificate it is: the name in it, and that nobody but that member's own issuer has signed it."""

import hashlib
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from gateway.federation.registry import Member, Registry

REMEMBERED = 4_096


def thumbprint(der: bytes) -> str:
    """Return the certificate's `x5t#S256` (RFC 8705)."""
    return urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode("ascii")


def holder_of(der: bytes, registry: Registry) -> Member | None:
    """Return the member whom a certificate belongs to, or None.

    That a certificate is in force, and that its holder has the key, was found out by TLS. TLS believes every member's
    issuer alike; here each is believed for its own member only.
    """
    uris = _uris(der)
    named = (member for member in registry.members.values() if member.uri in uris)
    return next((member for member in named if _made_by(member, der)), None)


def issuing_members(der: bytes, registry: Registry) -> list[Member]:
    """Return the members whose issuer made a certificate, whatever name is in it: several where they share one."""
    return [member for member in registry.members.values() if _made_by(member, der)]


def expiry_of(der: bytes) -> float:
    """Return when a certificate expires, in seconds since 1970."""
    return x509.load_der_x509_certificate(der).not_valid_after_utc.timestamp()


def _made_by(member: Member, der: bytes) -> bool:
    return any(_issued_by(der, issuer) for issuer in member.issuers)


@lru_cache(maxsize=REMEMBERED)
def _uris(der: bytes) -> frozenset[str]:
    try:
        names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return frozenset()
    return frozenset(names.value.get_values_for_type(x509.UniformResourceIdentifier))


@lru_cache(maxsize=REMEMBERED)
def _issued_by(der: bytes, issuer: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
