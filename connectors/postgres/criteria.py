"""Search criteria as keys, held to the minimum of domain rule S1."""

from dataclasses import dataclass
from datetime import date

from connectors.postgres.keys import (
    Pattern,
    first_name_key,
    name_pattern,
    near_dates,
    postcode_pattern,
    sound,
)
from gateway.errors import BadCriteria
from gateway.ports import Criteria
from gateway.vocabulary import Gender

MINIMUM = (
    "Give one of these: family name and date of birth; given name, family name and date of birth; "
    "family name, date of birth, gender and postcode; given name, date of birth, gender and postcode; "
    "an NHS number; a UPN."
)
NO_EARLY_WILDCARD = "A name or postcode may have no wildcard in its first two characters."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a search asks for, as keys; `fuzzy` criteria are enough to look for slips and spellings."""

    given: Pattern | None
    given_first: str
    family: Pattern | None
    born: date | None
    near: tuple[date, ...]
    gender: Gender | None
    postcode: Pattern | None
    nhs_number: str | None
    upn: str | None
    used: frozenset[str]

    @property
    def by_name(self) -> bool:
        """Say whether the family name and date of birth are given."""
        return self.family is not None and self.born is not None

    @property
    def by_both_names(self) -> bool:
        """Say whether both names and the date of birth are given."""
        return self.by_name and self.given is not None

    @property
    def by_place(self) -> bool:
        """Say whether a name, the date of birth, gender and postcode are given."""
        named = self.family is not None or self.given is not None
        return named and self.born is not None and self.gender is not None and self.postcode is not None

    @property
    def by_identifier(self) -> bool:
        """Say whether an identifier is given."""
        return self.nhs_number is not None or self.upn is not None

    @property
    def family_sound(self) -> str | None:
        """Return the sound of the family name, unless it has a wildcard."""
        return sound(self.family.key) if self.family is not None and self.family.exact else None

    @property
    def given_sound(self) -> str | None:
        """Return the sound of the first given name, unless it has a wildcard."""
        return sound(self.given_first) if self.given is not None and self.given.exact else None


def read_criteria(criteria: Criteria) -> Asked:
    """Return the criteria as keys; a name without a letter counts as not given.

    Raises:
        BadCriteria: They are below the minimum, or have a wildcard too early.
    """
    given = name_pattern(criteria.given_name) if criteria.given_name else None
    family = name_pattern(criteria.family_name) if criteria.family_name else None
    postcode = postcode_pattern(criteria.postcode) if criteria.postcode else None
    if any(pattern is not None and pattern.too_wide for pattern in (given, family, postcode)):
        raise BadCriteria(NO_EARLY_WILDCARD, reason="wildcard-too-early")
    stated = {
        "givenName": given,
        "familyName": family,
        "dateOfBirth": criteria.date_of_birth,
        "gender": criteria.gender,
        "address": postcode,
        "nhsNumber": criteria.nhs_number or None,
        "upn": criteria.upn or None,
    }
    asked = Asked(
        given=given,
        given_first=first_name_key(criteria.given_name or ""),
        family=family,
        born=criteria.date_of_birth,
        near=tuple(near_dates(criteria.date_of_birth)) if criteria.date_of_birth else (),
        gender=criteria.gender,
        postcode=postcode,
        nhs_number=criteria.nhs_number or None,
        upn=criteria.upn or None,
        used=frozenset(field for field, value in stated.items() if value is not None),
    )
    if not (asked.by_name or asked.by_place or asked.by_identifier):
        raise BadCriteria(MINIMUM, reason="criteria-below-minimum")
    return asked
