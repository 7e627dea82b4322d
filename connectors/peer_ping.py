"""Call a member's gateway once and say, in one sentence, how it went or what is wrong."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from gateway.federation.registry import Member, Registry
from gateway.federation.tls import OwnCertificate, asking_context
from gateway.settings import SettingsError

PING_TIMEOUT: Final = 5.0
SKEW_WORTH_SAYING: Final = 10.0
"""Seconds of difference between two clocks from which it is mentioned; from 30 on calls fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """How one endpoint answered."""

    endpoint: str
    well: bool
    sentence: str


async def ping(
    endpoint: str, member: Member, *, own: OwnCertificate, key_id: str, registry: Registry, home: str
) -> Ping:
    """Call one endpoint of a member; never raises, because what is wrong is what one wants to know.

    Args:
        endpoint: The base URL.
        member: Whose it is.
        own: This gateway's certificate.
        key_id: The id of this gateway's assertion key.
        registry: The registry as it is known here.
        home: This authority's code.
    """
    try:
        async with httpx.AsyncClient(verify=asking_context(own, member), timeout=PING_TIMEOUT) as client:
            asked = datetime.now(UTC)
            answer = await client.get(f"{endpoint}/federation/ping")
            took = (datetime.now(UTC) - asked).total_seconds()
    except SettingsError as error:
        return Ping(endpoint=endpoint, well=False, sentence=str(error))
    except httpx.HTTPError as error:
        return Ping(endpoint=endpoint, well=False, sentence=_wrong_with_the_connection(error, endpoint))
    wrong = _wrong_with_the_answer(answer, member, key_id=key_id, registry=registry, home=home)
    said = wrong or f"{member.name} answered in {took * 1000:.0f} ms and knows this gateway."
    return Ping(endpoint=endpoint, well=wrong is None, sentence=said)


def _wrong_with_the_answer(
    answer: httpx.Response, member: Member, *, key_id: str, registry: Registry, home: str
) -> str | None:
    document = _document(answer)
    if answer.status_code == 401:
        return f"{member.name} does not take this gateway's certificate for one of a member: compare the registries."
    if answer.status_code == 503:
        return f"{member.name} has no registry in force, so it answers nobody."
    try:
        you, theirs = document["you"], document["registry"]["sequence"]
        skew = abs((datetime.fromisoformat(document["now"]) - datetime.now(UTC)).total_seconds())
        if document["authority"] != member.authority:
            return f"The gateway there says that it is {document['authority']}, not {member.authority}."
        if you["authority"] != home:
            return f"{member.name} takes this gateway for {you['authority']}; it is {home} here."
        if key_id not in you["keys"]:
            return (
                f"{member.name} does not know the assertion key of this gateway: its registry has number {theirs}, "
                f"here it is {registry.sequence}."
            )
        if skew > SKEW_WORTH_SAYING:
            return f"The clocks differ by {skew:.0f} s; beyond 30 s every call is refused."
    except (KeyError, TypeError, ValueError):
        return f"What answers at {answer.url.host} is no gateway of this federation."
    return None


def _document(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _wrong_with_the_connection(error: httpx.HTTPError, endpoint: str) -> str:
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return (
                    f"The certificate shown at {endpoint} is not believed ({cause.verify_message}): it must be issued "
                    "by the member's issuer in the registry, for that host, and be in force."
                )
            case ssl.SSLError() if "ALERT" in (cause.reason or ""):
                return _refused(endpoint, _alert(cause))
            case ssl.SSLError() if isinstance(error, httpx.ConnectError):
                return f"No TLS 1.3 connection to {endpoint} ({_alert(cause)}): is it the port for peers?"
            case socket.gaierror():
                return f"The host of {endpoint} has no address: check the name and the resolver."
            case ConnectionRefusedError():
                return f"Nobody listens at {endpoint}: the gateway is down, or a firewall says so."
    if isinstance(error, httpx.TimeoutException):
        return f"No answer from {endpoint} within {PING_TIMEOUT:g} s: a firewall may drop the packets."
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        # In TLS 1.3 the other side looks at our certificate after we think the connection is made.
        return _refused(endpoint, "it hung up")
    return f"The connection to {endpoint} broke off ({type(error).__name__})."


def _refused(endpoint: str, how: str) -> str:
    return (
        f"{endpoint} refused this gateway's certificate ({how}): its registry must list the issuer, and the "
        "certificate must be in force."
    )


def _alert(error: ssl.SSLError) -> str:
    return (error.reason or "no reason given").lower().replace("_", " ")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
