"""What the settings choose for the parts."""

from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.development_keys import development_jwks
from gateway.access_report.words import Words, WordsUnreadable
from gateway.disclosure.redaction import Freshness
from gateway.door import Door
from gateway.http_rim import hosts_of
from gateway.settings import Settings, SettingsError
from gateway.shown_certificate import Proxies


def door_of(settings: Settings, places: int) -> Door:
    """Return a door with so many places."""
    return Door(places=places, waiting=settings.requests_waiting, patience=settings.requests_patience)


def jwks_of(settings: Settings) -> str:
    """Return where the issuer's keys are.

    Raises:
        SettingsError: Production names none.
    """
    if settings.token_jwks is not None:
        return settings.token_jwks
    if settings.env == "production":
        raise SettingsError("GATEWAY_TOKEN_JWKS: must name the issuer's key set in production")
    return str(development_jwks(settings.data_dir))


def freshness_of(settings: Settings) -> Callable[[datetime], Freshness]:
    """Return the age past which a value of each field is stale, at a moment."""
    names = timedelta(days=settings.freshness_name_days)
    address = timedelta(days=settings.freshness_address_days)
    identifiers = timedelta(days=settings.freshness_identifier_days)
    contact = timedelta(days=settings.freshness_contact_days)
    links = timedelta(days=settings.freshness_link_days)
    limits = {
        **dict.fromkeys(("givenName", "familyName", "dateOfBirth", "gender", "name"), names),
        **dict.fromkeys(("address", "addressStatus"), address),
        **dict.fromkeys(("nhsNumber", "upn", "urn", "ukprn", "odsCode"), identifiers),
        **dict.fromkeys(("telephone", "email"), contact),
    }
    return lambda at: Freshness(limits=limits, otherwise=links, at=at)


def words_of(settings: Settings) -> Words:
    """Return the words of access reports.

    Raises:
        SettingsError: Their file cannot be used.
    """
    try:
        return Words.read(settings.words_file)
    except WordsUnreadable as error:
        raise SettingsError(f"GATEWAY_WORDS_FILE: {error}") from None


def hosts_chosen(settings: Settings) -> frozenset[str] | None:
    """Return the names that the application may be asked for by; None is any."""
    return hosts_of(settings.allowed_hosts, development=settings.env == "development", host=settings.host)


def proxies_chosen(settings: Settings) -> Proxies:
    """Return the proxies where TLS ends for callers, and how they hand certificates on; there may be none."""
    return Proxies(networks=settings.declared_proxies, header=settings.tls_proxy_header)
