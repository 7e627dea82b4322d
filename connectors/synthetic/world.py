"""A made-up authority as a whole: what every slice of it must agree on, and nothing that grows with its children."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from connectors.synthetic.calendar import Calendar
from connectors.synthetic.numbers import DEMO_SLOT, id_prefix, marker, slot_of
from connectors.synthetic.places import Places
from connectors.synthetic.rows import Rows
from connectors.synthetic.workforce import Pool, pools

CHILDREN_IN_A_SLICE = 2_000
ADDRESSES_IN_A_SLICE = 3 * CHILDREN_IN_A_SLICE

CHILD, CARER, SETTING, PRACTITIONER, AGENCY, INVOLVEMENT, SHIELD = range(1, 8)
"""Kinds of row, as they stand in identifiers."""

SOURCES = {
    "local-directory": "Local directory",
    "nhs-demographics": "National demographics service",
    "school-census": "School census",
    "gp-registration": "GP registration",
    "community-health": "Community health records",
    "hospital-records": "Hospital records",
    "social-care": "Social care records",
    "early-help": "Early help records",
    "education-records": "Education records",
    "youth-records": "Youth service records",
    "electoral-roll": "Council address records",
}


class Authority(NamedTuple):
    """A local authority as a row of the directory."""

    code: str
    legacy_code: str
    name: str


class Place(NamedTuple):
    """A setting children can be linked to: its identifier and what it is for."""

    id: str
    use: str
    """`gp`, `nursery`, `primary`, `secondary`, `special`, `college`, `alternative` or `home`."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What a made-up authority follows from; equal worlds have equal rows.

    `held` are the real settings the database holds for the authority already; children are linked to them as well.
    A demonstration (`demo`) has identifiers apart from those of a generated authority of the same code.
    """

    authority: Authority
    children: int
    seed: int
    as_of: date
    held: Sequence[Place] = ()
    demo: bool = False

    @cached_property
    def mark(self) -> str:
        """Return the digits that begin the identifier of every row of this world."""
        return marker("demo" if self.demo else "generated", self.authority.code)

    @cached_property
    def slot(self) -> int:
        """Return the range that national numbers are drawn from."""
        return DEMO_SLOT if self.demo else slot_of(self.authority.code)

    @cached_property
    def calendar(self) -> Calendar:
        """Return the calendar that counts back from `as_of`."""
        return Calendar(self.as_of)

    @cached_property
    def slices(self) -> int:
        """Return into how many slices the children are cut."""
        return -(-self.children // CHILDREN_IN_A_SLICE)

    def children_in(self, number: int) -> int:
        """Return how many children a slice has."""
        return min(CHILDREN_IN_A_SLICE, self.children - number * CHILDREN_IN_A_SLICE)

    @cached_property
    def places(self) -> Places:
        """Return the addresses."""
        return Places(self.authority.code, slot=self.slot, households=(self.slices + 1) * ADDRESSES_IN_A_SLICE)

    @cached_property
    def schools(self) -> int:
        """Return how many places of education are made up: 0.6% of the children, within what England has."""
        return min(max(14, self.children * 6 // 1000), 24_000)

    @cached_property
    def practices(self) -> int:
        """Return how many GP practices are made up."""
        return min(max(4, self.children // 1700), 6_000)

    @cached_property
    def pools(self) -> dict[str, Pool]:
        """Return the practitioners of each service."""
        return {
            pool.post.service: pool for pool in pools(self.children, practices=self.practices, schools=self.schools)
        }

    @cached_property
    def practitioners(self) -> int:
        """Return how many practitioners there are."""
        last = list(self.pools.values())[-1]
        return last.first + last.size

    @cached_property
    def settings(self) -> dict[str, list[str]]:
        """Return the identifiers of the settings for each use, those held already and those made up."""
        uses: dict[str, list[str]] = {}
        for place in self.held:
            uses.setdefault(place.use, []).append(place.id)
        for number in range(self.practices + self.schools):
            uses.setdefault(self.use_of(number), []).append(self.id(SETTING, number))
        return uses

    def use_of(self, setting: int) -> str:
        """Return what a made-up setting is for, by its number; practices come first."""
        return "gp" if setting < self.practices else _USES[(setting - self.practices) % len(_USES)]

    def prefix(self, kind: int) -> str:
        """Return what the identifiers of a kind begin with; twelve hexadecimal digits follow."""
        return id_prefix(self.mark, kind=kind, seed=self.seed)

    def id(self, kind: int, number: int) -> str:
        """Return an identifier."""
        return f"{self.prefix(kind)}{number:012x}"


_USES = (
    "primary", "secondary", "nursery", "special", "college", "alternative", "home",
    "primary", "primary", "secondary", "primary", "nursery", "primary", "primary",
    "primary", "secondary", "primary", "nursery", "primary", "primary",
)  # fmt: skip


class Numbers:
    """Identifiers of one kind in running order from a first number on."""

    __slots__ = ("_next", "_prefix")

    def __init__(self, prefix: str, *, first: int) -> None:
        """Start counting."""
        self._prefix = prefix
        self._next = first

    def take(self) -> str:
        """Return the next identifier."""
        taken = self._next
        self._next += 1
        return f"{self._prefix}{taken:012x}"


def source_rows(rows: Rows) -> None:
    """Add the sources that made-up values claim to come from."""
    for code, name in SOURCES.items():
        rows.add("source", code, name)
