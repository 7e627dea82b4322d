"""The rules as the bundle that OPA polls: those of a folder, once they are trusted and proven."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from connectors.following_engine import FollowingDecider, Trust
from connectors.rule_signature import fitting_signature

PROOF_TIMEOUT = 20.0
"""Seconds that one golden question may take here, where nobody waits for it."""


class BundlePublisher:
    """Follows a folder and keeps its bundle; rules that fail at anything leave the bundle before in its place."""

    def __init__(self, folder: Path, *, trust: Trust, golden_required: bool, signed: bool) -> None:
        """Name the folder; `signed` puts in the signature that OPA verifies, and refuses where it has no key."""
        self._folder = folder
        self._signed = signed
        self._following = FollowingDecider(folder, timeout=PROOF_TIMEOUT, trust=trust, golden_required=golden_required)
        self._published = ("", b"")
        self._signatures: dict[str, Mapping[str, str] | None] = {}

    async def start(self, *, interval: float) -> None:
        """Take up the rules that are there, and follow them; raises as `FollowingDecider.start`."""
        await self._following.start(interval=interval)
        self.bundle()

    async def close(self) -> None:
        """Stop following."""
        await self._following.close()

    @property
    def revision(self) -> str:
        """Return the revision of the rules that are published."""
        return self._following.revision

    def bundle(self) -> tuple[str, bytes]:
        """Return the bundle and its tag, which changes when and only when rules or signature do."""
        rules = self._following.rules
        signature = fitting_signature(self._folder, rules) or self._signatures.get(rules.digest)
        # Kept, because the folder may hold newer rules already, and the signature of those.
        self._signatures = {rules.digest: signature}
        if signature is not None and not self._signed:
            signature = {name: value for name, value in signature.items() if name != "bundle"}
        tag = sha256(json.dumps([rules.digest, signature]).encode()).hexdigest()
        if tag != self._published[0]:
            self._published = tag, rules.bundle(signature)
        return self._published
