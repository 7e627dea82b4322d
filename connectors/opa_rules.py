"""The rules that an OPA server holds, read back from it: what decides is looked at, and not what was meant to."""

from typing import Any

import httpx

from connectors.rule_set import REVISION, WEIGHED, RuleSet, weighed
from gateway.errors import DecisionUnavailable

_OWN = ("directory", "system")
"""Documents that are no part of the book: what the rules say themselves, and what guards OPA's own interface."""


async def held_rules(url: str, *, within: float) -> tuple[RuleSet, dict[str, Any]]:
    """Return the rule set an OPA server holds, and the revision it states with the owner's signature, if there is one.

    Each request must be answered `within` so many seconds.

    Raises:
        DecisionUnavailable: The server did not answer, or was changing its rules meanwhile.
    """
    try:
        async with httpx.AsyncClient(base_url=url, timeout=within) as client:
            before = await _result(client, f"/v1/data/{REVISION}")
            modules = {
                _name(module["id"]): module["raw"]
                for module in await _result(client, "/v1/policies")
                if not _guards_opa(module)
            }
            book: dict[str, Any] = await _result(client, "/v1/data")
    except (httpx.HTTPError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DecisionUnavailable("The rules of the policy engine cannot be read.", reason="engine-failed") from error
    stated = book.pop(REVISION, None)
    if not isinstance(stated, dict) or stated != before:
        raise DecisionUnavailable("The policy engine is changing its rules.", reason="rules-changing")
    # Other weights than those of the list stay with the rules, which then have another revision than they state.
    if book.get(WEIGHED) == weighed(book):
        del book[WEIGHED]
    return RuleSet.of(modules, {name: value for name, value in book.items() if name not in _OWN}), stated


async def _result(client: httpx.AsyncClient, path: str) -> Any:
    response = await client.get(path)
    response.raise_for_status()
    return response.json()["result"]


def _name(identifier: str) -> str:
    """Return a module's place in the rule set, which OPA puts behind the name of the bundle."""
    return "/".join(identifier.split("/")[-2:])


def _guards_opa(module: dict[str, Any]) -> bool:
    return bool(module["ast"]["package"]["path"][1]["value"] == "system")
