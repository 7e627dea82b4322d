"""What is kept of a Patient of the national demographics service, as a value."""

from dataclasses import dataclass
from datetime import date

from connectors.feeds.outcome import Refusal
from gateway.vocabulary import AddressStatus, Gender


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From a day to a day, both inclusive; `None` where the source gives none."""

    start: date | None
    end: date | None

    def over(self, today: date) -> bool:
        """Say whether the period has ended."""
        return self.end is not None and self.end < today


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name and when it was used."""

    given: str | None
    family: str
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An address and when it was lived at."""

    lines: tuple[str, ...]
    postcode: str | None
    uprn: str | None
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A practice a child is registered with."""

    ods_code: str
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is kept of a Patient; `None` and empty mean that the resource does not say.

    `fault` is what makes it unfit to be stored; it is kept beside the rest because a restriction counts all the same.
    """

    nhs_number: str
    version: int
    restricted: bool
    replaced_by: str | None
    superseded: tuple[str, ...]
    name: Name | None
    former_names: tuple[Name, ...]
    date_of_birth: date | None
    gender: Gender | None
    deceased: bool
    died_on: date | None
    home: Home | None
    home_status: AddressStatus | None
    former_homes: tuple[Home, ...]
    practices: tuple[Practice, ...]
    left_out: tuple[Refusal, ...]
    fault: Refusal | None
