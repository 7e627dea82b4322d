"""When a shield is to be reviewed (domain rule H2)."""

from datetime import date

REVIEW_MONTHS = 6


def review_due(day: date) -> date:
    """Return the day six months on, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + REVIEW_MONTHS, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
