"""Compulsory school age, and the ages that counts group children by.

A child begins on the day of five years where that is 31 March, 31 August or 31 December, else on the next of these
days, and ends with the last Friday in June of the school year in which it becomes sixteen.
Source: Education Act 1996, section 8; SI 1998/1607, article 2; SI 1997/1970, article 2.
"""

from datetime import date, timedelta
from typing import Final

from gateway.vocabulary import AgeBand

BEGINS_AT: Final = 5
ENDS_AT: Final = 16
GROWN_UP_AT: Final = 18
_FRIDAY: Final = 4
_BANDS: Final = (
    (BEGINS_AT, AgeBand.UNDER_5),
    (11, AgeBand.AGED_5_TO_10),
    (ENDS_AT, AgeBand.AGED_11_TO_15),
    (GROWN_UP_AT, AgeBand.AGED_16_TO_17),
)


def of_school_age(day: date) -> tuple[date, date]:
    """Return the first and the last day of birth of those who are of compulsory school age on a day."""
    begun = max(term for term in _terms(day.year - 1) + _terms(day.year) if term <= day)
    left = max(year for year in (day.year - 1, day.year) if _leaving_day(year) < day)
    return date(left - ENDS_AT, 9, 1), begun.replace(year=begun.year - BEGINS_AT)


def under_eighteen(day: date) -> tuple[date, date]:
    """Return the first and the last day of birth of those who are children on a day."""
    return _years_before(day, GROWN_UP_AT) + timedelta(days=1), day


def age_band(years: int) -> AgeBand:
    """Return the band of an age in whole years; whoever is older is in the last."""
    return next((band for below, band in _BANDS if years < below), AgeBand.AGED_16_TO_17)


def _terms(year: int) -> list[date]:
    return [date(year, 3, 31), date(year, 8, 31), date(year, 12, 31)]


def _leaving_day(year: int) -> date:
    """Return the last Friday in June."""
    last = date(year, 6, 30)
    return last - timedelta(days=(last.weekday() - _FRIDAY) % 7)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)
