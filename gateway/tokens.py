"""Callers' tokens: a JSON Web Token of the configured issuer, checked before a word of it is believed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import Token

from gateway.errors import Unauthenticated
from gateway.identity import Claims
from gateway.shown_certificate import NOTHING, Shown
from gateway.token_binding import binding_fault
from gateway.vocabulary import AuthorityCode, PersonId

ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"]
"""Asymmetric only: a shared secret or `none` would let whoever verifies also sign."""

SKEW = 30
"""Seconds by which the issuer's clock may differ from this one."""

TOKEN_LIMIT = 8_192
"""Characters of a token; a longer one is refused unread."""

REMEMBERED = 10_000
"""Verified tokens kept in memory at most."""

TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What a token may say that it is, if it says so. Source: RFC 8725, 3.11; RFC 9068, 2.1."""

CHALLENGE = 'Bearer error="invalid_token"'
"""What a reply asks for where there was a token. Source: RFC 6750, 3.1; RFC 8705, 3."""

_CLAIMS = ("iss", "aud", "sub", "name", "agency", "authority", "role", "iat", "exp", "jti")


class KeySource(Protocol):
    """Where the issuer's public keys come from."""

    async def keys(self, *, unknown: str | None = None) -> KeySet:
        """Return the keys in force; `unknown` is a key id that was not among them, so that a rotation is noticed."""
        ...


class UntrustedToken(Unauthenticated):
    """A token that no known key has signed; nobody can be held to it."""

    challenge = CHALLENGE


class RefusedToken(Unauthenticated):
    """A token of a known key whose claims are not acceptable; who presented it goes into the ledger."""

    challenge = CHALLENGE

    def __init__(self, message: str, *, reason: str, claims: Claims | None) -> None:
        """Keep who the token names, where it says so readably."""
        super().__init__(message, reason=reason)
        self.claims = claims


class TokenReader:
    """Reads the `Authorization` header."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        keys: KeySource,
        clock: Callable[[], datetime],
        binding_required: bool = False,
    ) -> None:
        """Accept tokens of one issuer for one audience; where it is required, those only that are bound."""
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock
        self._binding_required = binding_required
        self._verified_before: dict[str, tuple[KeySet, Token]] = {}

    async def read(self, header: str | None, *, shown: Shown = NOTHING) -> Claims:
        """Return the claims of a bearer token; `shown` is the certificate of whoever sent it.

        Raises:
            Unauthenticated: There is no token, or it cannot be trusted; nobody can be held to it.
            RefusedToken: The signature is good, but the token has expired, is not yet valid, or is for somebody or
                something else, the holder of another certificate included.
        """
        scheme, _, text = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not text or len(text) > TOKEN_LIMIT:
            raise Unauthenticated("A bearer token is required.", reason="token-missing")
        return self._accepted(await self._verified(text.strip()), shown)

    async def _verified(self, text: str) -> Token:
        keys = await self._keys.keys()
        # A signature does not change its mind: it is checked once for a text and a key set. The clock is asked anew.
        before = self._verified_before.get(text)
        if before is not None and before[0] is keys:
            return before[1]
        try:
            return self._remember(text, keys, jwt.decode(text, keys, algorithms=ALGORITHMS))
        except (JoseError, ValueError, TypeError) as error:
            failed = error
        # A key that is not among the known ones may be a new one: look once more.
        fresh = await self._keys.keys(unknown=type(failed).__name__)
        if fresh is not keys:
            try:
                return self._remember(text, fresh, jwt.decode(text, fresh, algorithms=ALGORITHMS))
            except (JoseError, ValueError, TypeError) as error:
                failed = error
        raise UntrustedToken("The token cannot be trusted.", reason="token-unverified") from failed

    def _remember(self, text: str, keys: KeySet, token: Token) -> Token:
        if len(self._verified_before) >= REMEMBERED:
            self._verified_before.clear()
        self._verified_before[text] = (keys, token)
        return token

    def _accepted(self, token: Token, shown: Shown) -> Claims:
        claims = _claims(token.claims)
        fault = (
            _type_fault(token.header)
            or self._fault(token.claims, claims)
            or binding_fault(token.claims, shown, required=self._binding_required)
        )
        if fault is not None or claims is None:
            raise RefusedToken(
                "The token is not acceptable here, or no longer.", reason=fault or "token-claims-missing", claims=claims
            )
        return claims

    def _fault(self, document: Mapping[str, Any], claims: Claims | None) -> str | None:
        if claims is None or any(name not in document for name in _CLAIMS):
            return "token-claims-missing"
        audience = document["aud"]
        if document["iss"] != self._issuer:
            return "token-issuer"
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            return "token-audience"
        return _clock_fault(document, self._clock().timestamp())


def _type_fault(header: Mapping[str, Any]) -> str | None:
    """Return the fault of a token made for another use, such as an identity token of the same issuer."""
    stated = header.get("typ", "JWT")
    return None if isinstance(stated, str) and stated.lower() in TYPES else "token-type"


def _clock_fault(document: Mapping[str, Any], now: float) -> str | None:
    expires, issued, not_before = document["exp"], document["iat"], document.get("nbf", 0)
    if not all(isinstance(moment, int | float) and not isinstance(moment, bool) for moment in (expires, issued)):
        return "token-claims-malformed"
    if not isinstance(not_before, int | float):
        return "token-claims-malformed"
    if now > expires + SKEW:
        return "token-expired"
    if now < issued - SKEW or now < not_before - SKEW:
        return "token-not-yet-valid"
    return None


def _claims(document: Mapping[str, Any]) -> Claims | None:
    texts = {name: document.get(name) for name in ("sub", "name", "role", "agency", "authority", "jti")}
    mediated_for = document.get("mediated_for")
    if not all(isinstance(text, str) and text for text in texts.values()):
        return None
    if mediated_for is not None and not (isinstance(mediated_for, str) and mediated_for):
        return None
    return Claims(
        person=PersonId(str(texts["sub"])),
        name=str(texts["name"]),
        role=str(texts["role"]),
        agency=str(texts["agency"]),
        authority=AuthorityCode(str(texts["authority"])),
        mediated_for=None if mediated_for is None else PersonId(mediated_for),
        token=str(texts["jti"]),
    )
