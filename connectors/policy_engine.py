"""The policy engine that the settings choose, and which rules it may take up."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.following_engine import FollowingDecider
from connectors.postgres.database import Database
from connectors.postgres.rule_releases import RuleReleases
from connectors.rule_set import RuleSet
from connectors.rule_signature import Release, read_signature, refuse_other_bundle, verify_signature
from gateway.settings import Settings, SettingsError

if TYPE_CHECKING:
    from connectors.following_opa import FollowingOpa


async def policy_engine(
    settings: Settings, database: Database, *, clock: Callable[[], datetime], stack: AsyncExitStack
) -> "FollowingDecider | FollowingOpa":
    """Return the engine once its rules are trusted and it has given the golden answers.

    Raises:
        RuleSetUnreadable, RulesDoNotBuild, RulesNotTrusted, EnginesDiffer: It must not serve.
        DecisionUnavailable: It gives no answer.
    """
    trusted = TrustedRules(settings, RuleReleases(database), clock=clock)
    if settings.opa_url is None:
        embedded = FollowingDecider(
            settings.policies_dir,
            timeout=settings.decision_timeout,
            trust=trusted.in_folder,
            golden_required=settings.env == "production",
        )
        stack.push_async_callback(embedded.close)
        await embedded.start(interval=settings.policies_interval)
        return embedded

    from connectors.following_opa import FollowingOpa  # here: its client costs a second that the default need not pay

    opa = FollowingOpa(
        settings.opa_url, folder=settings.policies_dir, timeout=settings.decision_timeout, trust=trusted.held_by_opa
    )
    stack.push_async_callback(opa.close)
    await opa.start()
    return opa


class TrustedRules:
    """Which rules may be taken up: any; or, where the policy owner's key is configured, only those it vouches for.

    Each method raises `RulesNotTrusted` for rules that are unsigned, altered, or older than some that were in force.
    """

    def __init__(self, settings: Settings, releases: RuleReleases, *, clock: Callable[[], datetime]) -> None:
        """Take the settings, and where the releases that were in force are remembered."""
        self._folder = settings.policies_dir
        self._key = _key(settings)
        self._releases = releases
        self._clock = clock

    async def in_folder(self, rules: RuleSet) -> None:
        """Take up rules that were read from the folder."""
        if self._key is not None:
            await self._take_up(verify_signature(read_signature(self._folder), rules, self._key))

    async def held_by_opa(self, rules: RuleSet, stated: Mapping[str, Any]) -> None:
        """Take up rules that OPA holds, with the revision and signature it states for them."""
        if self._key is not None:
            signature = {name: value for name, value in stated.items() if name != "id"}
            await self._take_up(verify_signature(signature or None, rules, self._key))

    async def to_publish(self, rules: RuleSet) -> None:
        """Return if rules may be handed to OPA; gateways take them up once OPA has."""
        if self._key is not None:
            signature = read_signature(self._folder)
            release = verify_signature(signature, rules, self._key)
            refuse_other_bundle(signature or {}, rules)
            await self._releases.refuse_older(release)

    async def _take_up(self, release: Release) -> None:
        await self._releases.take_up(release, at=self._clock())


def _key(settings: Settings) -> bytes | None:
    if settings.policies_key_file is None:
        return None
    try:
        return settings.policies_key_file.read_bytes()
    except OSError:
        raise SettingsError("GATEWAY_POLICIES_KEY_FILE: the file cannot be read") from None
