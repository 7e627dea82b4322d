"""Days counted back from the day a world is made for, so that the draws of chance do not depend on that day."""

from datetime import date, timedelta

_LONGEST = 30 * 366


class Calendar:
    """Dates as PostgreSQL reads them, by the number of days before a given day."""

    __slots__ = ("_days", "_moments", "as_of")

    def __init__(self, as_of: date) -> None:
        """Write every day out once; a world asks for some twenty dates a child."""
        self.as_of = as_of
        self._days = [(as_of - timedelta(days=back)).isoformat() for back in range(_LONGEST)]
        self._moments = [f"{day} {7 + back % 12:02d}:{back * 7 % 60:02d}:00+00" for back, day in enumerate(self._days)]

    def day(self, back: int) -> str:
        """Return the day so many days back; a negative number lies ahead."""
        return self._days[back] if back >= 0 else (self.as_of - timedelta(days=back)).isoformat()

    def moment(self, back: int) -> str:
        """Return an instant in working hours, UTC, on the day so many days back."""
        if back >= 0:
            return self._moments[back]
        return f"{self.day(back)} 09:00:00+00"

    def born(self, age_days: int) -> date:
        """Return the date of birth for an age in days."""
        return self.as_of - timedelta(days=age_days)

    def has_come(self, day: str) -> bool:
        """Tell whether a day is not after the day the world is made for."""
        return day <= self._days[0]


def reception_year(born: date) -> int:
    """Return the year in whose September a child starts school in England: the one after the fourth birthday."""
    return born.year + (4 if (born.month, born.day) < (9, 1) else 5)
