"""Health: what a gateway needs in order to answer, part by part, and why one is not ready."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.errors import DirectoryError

Check = Callable[[], Awaitable[None]]
"""Returns where a part is ready; raises `DirectoryError` with the reason where it is not."""

STOPPING: Final = "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the parts stand at one moment; `reasons` has those that are not ready."""

    checks: Mapping[str, bool]
    reasons: Mapping[str, str]
    ready: bool

    def document(self) -> Mapping[str, object]:
        """Return it as JSON says it."""
        return {"ready": self.ready, "checks": dict(self.checks), "reasons": dict(self.reasons)}


class Health:
    """Looks at each part when asked."""

    def __init__(self, *, needed: Mapping[str, Check], beside: Mapping[str, Check]) -> None:
        """Take the checks of what no answer can be had without, and of what some answers are poorer without."""
        self._needed = needed
        self._beside = beside
        self.stopping = False
        """Set once the gateway is told to stop: what is under way is answered, and nobody else need come."""

    async def look(self) -> Standing:
        """Return how everything stands at this moment."""
        reasons = {}
        checks = {**self._needed, **self._beside}
        for part, check in checks.items():
            try:
                await check()
            except DirectoryError as error:
                reasons[part] = error.reason
        ready = reasons.keys().isdisjoint(self._needed) and not self.stopping
        if self.stopping:
            reasons[STOPPING] = "told-to-stop"
        return Standing(checks={part: part not in reasons for part in checks}, reasons=reasons, ready=ready)
