"""What a member makes for itself: a TLS key, a request for its certificate, and a self-made issuer for want of one."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SETTLED: Final = timedelta(minutes=5)
"""How long before its making a certificate counts, for clocks that are behind."""


class CertificateRefused(Exception):
    """A certificate, or a request for one, cannot be used; the message says why."""


def new_tls_key() -> bytes:
    """Return a new private key of the curve P-256, in PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_request(key: bytes, *, name: str, uri: str, endpoints: Sequence[str]) -> bytes:
    """Return a request (PEM) for a certificate with the member's name and the hosts of its endpoints.

    Raises:
        CertificateRefused: The key is none.
    """
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
    names += [_host(host) for host in dict.fromkeys(urlsplit(url).hostname or "" for url in endpoints)]
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_subject(name))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(_key(key), hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def self_made_issuer(key: bytes, *, name: str, at: datetime, days: int) -> bytes:
    """Return a certificate (PEM) that may issue others, signed by itself.

    Raises:
        CertificateRefused: The key is none.
    """
    private = _key(key)
    subject = _subject(f"{name} (issuer)")
    return (
        _builder(subject, subject, private.public_key(), at=at, days=days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(issues=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def issue(request: bytes, *, issuer: bytes, issuer_key: bytes, at: datetime, days: int) -> bytes:
    """Return the certificate (PEM) that was requested, with the names in the request.

    Raises:
        CertificateRefused: The request is none, was changed, names nobody, or the issuer's files are none.
    """
    try:
        asked = x509.load_pem_x509_csr(request)
        by = x509.load_pem_x509_certificate(issuer)
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise CertificateRefused("the certificate request or its issuer cannot be read") from error
    if not asked.is_signature_valid:
        raise CertificateRefused("the certificate request has been changed since it was made")
    public = asked.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)  # noqa: S101  # made by `certificate_request`
    issuer_private = _key(issuer_key)
    return (
        _builder(asked.subject, by.subject, public, at=at, days=days)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(issues=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_private.public_key()), critical=False)
        .sign(issuer_private, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def der_of(pem: bytes) -> bytes:
    """Return the first certificate of a PEM file in DER.

    Raises:
        CertificateRefused: There is none.
    """
    try:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except ValueError as error:
        raise CertificateRefused("it holds no certificate in PEM") from error


def belongs_to(certificate: bytes, key: bytes) -> bool:
    """Return whether a certificate (PEM) was made for a private key (PEM).

    Raises:
        CertificateRefused: One of them cannot be read.
    """
    try:
        public = x509.load_pem_x509_certificate(certificate).public_key()
        private = load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateRefused("the certificate or its key cannot be read") from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes(*form) == private.public_bytes(*form)


def expires_at(certificate: bytes) -> datetime:
    """Return the last moment of a certificate (PEM), in UTC.

    Raises:
        CertificateRefused: It cannot be read.
    """
    try:
        return x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    except ValueError as error:
        raise CertificateRefused("it holds no certificate in PEM") from error


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, *, at: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - SETTLED)
        .not_valid_after(at + timedelta(days=days))
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateRefused("the key is not a private key in PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateRefused("the key is not of an elliptic curve")
    return key


def _usage(*, issues: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issues,
        key_cert_sign=issues,
        crl_sign=issues,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
