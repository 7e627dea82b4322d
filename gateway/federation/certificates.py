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
    for member in registry.members.values():
        if member.uri in uris and any(_issued_by(der, issuer) for issuer in member.issuers):
            return member
    return None


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
