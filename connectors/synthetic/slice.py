"""One slice of a made-up authority: two thousand children with all that hangs on them, from its number alone."""

from functools import cache
from random import Random

from connectors.postgres.keys import NameKeys, name_keys, postcode_key
from connectors.synthetic.calendar import Calendar
from connectors.synthetic.draw import Skewed, stream
from connectors.synthetic.household import (
    SHAPES,
    Adult,
    Draft,
    Household,
    adults,
    ages,
    child_family_name,
    gender,
    size,
)
from connectors.synthetic.names import ORIGINS, given_name
from connectors.synthetic.places import Address
from connectors.synthetic.rows import NULL, Rows
from connectors.synthetic.world import (
    ADDRESSES_IN_A_SLICE,
    CARER,
    CHILD,
    CHILDREN_IN_A_SLICE,
    INVOLVEMENT,
    SHIELD,
    Numbers,
    World,
)

ROOM = 1 << 20
"""Identifiers of one kind a slice may use."""

_SHIELDS = Skewed({"active": 65.0, "provisional": 15.0, "lifted": 20.0})


class Slice:
    """What the makers of rows share while they fill one slice."""

    __slots__ = (
        "addresses",
        "calendar",
        "carers",
        "conflicts",
        "duplicates",
        "involvements",
        "next_child",
        "random",
        "room",
        "rows",
        "shields",
        "world",
    )

    def __init__(self, world: World, number: int) -> None:
        """Set every counter to where this slice begins."""
        self.world = world
        self.calendar: Calendar = world.calendar
        self.random: Random = stream(world.seed, "children", number)
        self.rows = Rows({table: [] for table in _TABLES})
        self.next_child = number * CHILDREN_IN_A_SLICE
        self.room = world.children_in(number)
        self.duplicates: list[tuple[Household, Draft]] = []
        self.conflicts: dict[tuple[str, str], int] = {}
        start = (number + 1) * ROOM
        self.carers = Numbers(world.prefix(CARER), first=start)
        self.involvements = Numbers(world.prefix(INVOLVEMENT), first=start)
        self.shields = Numbers(world.prefix(SHIELD), first=start)
        self.addresses = number * ADDRESSES_IN_A_SLICE

    def child(self) -> int:
        """Return the number of the next child; there must be room for it."""
        self.room -= 1
        self.next_child += 1
        return self.next_child - 1

    def address(self) -> Address:
        """Return an address that no other household has."""
        self.addresses += 1
        return self.world.places.address(self.addresses - 1)

    def asserted(self, age_days: int) -> str:
        """Return when a value was asserted and last confirmed, as two columns, up to three years ago.

        Most were confirmed of late; none was asserted before the child was born.
        """
        random = self.random.random
        oldest = min(1095, age_days - 1)
        confirmed = 1 + int(oldest * random() ** 4)
        asserted = confirmed + int((min(age_days, 3000) - confirmed) * random() * 0.9)
        return f"{self.calendar.moment(asserted)}\t{self.calendar.moment(confirmed)}"


_TABLES = (
    "carer",
    "child",
    "child_former_name",
    "child_former_address",
    "child_superseded_identifier",
    "child_search_key",
    "child_link",
    "child_carer",
    "child_setting",
    "involvement",
    "involvement_consent",
    "conflict",
    "shield",
)


@cache
def keys_of(given: str, family: str) -> str:
    """Return the five columns that search compares of a name; names come from lists, so nearly all are met again."""
    keys: NameKeys = name_keys(given_name=given, family_name=family)
    return "\t".join(
        (keys.family, keys.given or NULL, keys.given_first or NULL, keys.family_sound, keys.given_sound or NULL)
    )


def draft_household(part: Slice) -> Household:
    """Return a family with its carers and children, none of them written yet."""
    random = part.random
    origin = ORIGINS.draw(random)
    household = Household(
        shape=SHAPES.draw(random),
        origin=origin,
        address=part.address(),
        shielded=_SHIELDS.draw(random) if random.random() < 0.003 else None,
        school_choice=random.random(),
        practice_choice=random.random(),
    )
    household.adults = adults(random, shape=household.shape, origin=origin)
    _draft_children(part, household)
    household.adults = [adult for adult in household.adults if _cares_for_somebody(adult, household)]
    return household


def _draft_children(part: Slice, household: Household) -> None:
    random = part.random
    found = ages(random, children=size(random, room=part.room))
    last = min(found) if len(found) > 1 else None
    for age in found:
        number = part.child()
        stated = gender(random)
        female = stated == "FEMALE" or (stated != "MALE" and random.random() < 0.5)
        household.children.append(
            Draft(
                id=part.world.id(CHILD, number),
                number=number,
                given=given_name(random, origin=household.origin, female=female),
                family=child_family_name(random, household=household, youngest=age == last),
                gender=stated,
                age_days=age,
                years=int(age / 365.25),
                youngest=age == last,
            )
        )


def _cares_for_somebody(adult: Adult, household: Household) -> bool:
    return any(adult.cares_for(child) for child in household.children)


def search_key_row(part: Slice, child: Draft, *, given: str, family: str, former: bool, postcode: str | None) -> None:
    """Add what search compares of one name of a child."""
    born = part.calendar.day(child.age_days)
    part.rows["child_search_key"].append(
        f"{child.id}\t{former}\t{keys_of(given, family)}\t{born}\t{child.gender}\t"
        f"{NULL if postcode is None else postcode_key(postcode)}"
    )
