"""From when on a pattern is shown to a person: every threshold is a setting."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gateway.settings import Settings

LOCAL_TIME: Final = ZoneInfo("Europe/London")
"""Hours of work are those of the clock on the wall, in summer as in winter."""
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What has to be reached; the settings of the same names, with `GATEWAY_REVIEW_` before them, say what each means.

    The defaults are those of the settings; a test holds them equal.
    """

    past_days: int = 28
    relationship_before_days: int = 365
    relationship_after_days: int = 14
    peers: int = 8
    deviations: float = 5.0
    chance: float = 0.005
    surname_days: int = 3
    strangers: int = 6
    day_children: int = 20
    odd_hours: int = 8
    day_begins: int = 7
    day_ends: int = 20
    shielded: int = 3
    followed: int = 4
    followed_minutes: int = 15
    refusals: int = 10
    exhaustions: int = 1

    @classmethod
    def of(cls, settings: Settings) -> "Thresholds":
        """Return the thresholds that the settings state."""
        return cls(**{name: getattr(settings, f"review_{name}") for name in cls.__slots__})

    @property
    def past(self) -> timedelta:
        """Return how long a caller's own past is."""
        return timedelta(days=self.past_days)

    def is_odd(self, at: datetime) -> bool:
        """Return whether an instant lies outside the hours in which most people work, or at a weekend."""
        local = at.astimezone(LOCAL_TIME)
        return local.weekday() >= _SATURDAY or not self.day_begins <= local.hour < self.day_ends
