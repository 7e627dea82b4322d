"""Who lives with whom: the shape of a family, its carers and its children, before anything else is known of them."""

from dataclasses import dataclass, field
from random import Random

from connectors.synthetic.draw import Skewed
from connectors.synthetic.names import ORIGINS, family_name, given_name
from connectors.synthetic.places import Address

YOUNGEST = 2
AGES = 6_571
"""Ages in days are spread evenly over `YOUNGEST` and the next so many days, the last of which is still under 18."""

SHAPES = Skewed(
    {
        "together": 57.0,
        "lone": 10.0,
        "apart": 20.0,
        "step": 7.5,
        "grandparents": 2.2,
        "relatives": 0.7,
        "adoptive": 1.0,
        "foster": 1.2,
        "home": 0.4,
    }
)
LOOKED_AFTER = frozenset({"foster", "home"})
_SIZES = Skewed({1: 50.0, 2: 36.0, 3: 10.0, 4: 4.0})
_GENDERS = Skewed({"FEMALE": 48.6, "MALE": 50.6, "OTHER": 0.2, "NOT_SPECIFIED": 0.6})


@dataclass(slots=True, kw_only=True)
class Adult:
    """A carer to be: `away` lives at another address."""

    given: str
    family: str
    relationship: str
    responsible: bool
    away: bool = False
    elder_only: bool = False
    """Cares for all but the youngest child, who has other parents."""
    youngest_only: bool = False
    id: str = ""

    @property
    def name(self) -> str:
        """Return the name as told."""
        return f"{self.given} {self.family}"

    def cares_for(self, child: "Draft") -> bool:
        """Tell whether a child of the family is in this adult's care."""
        return not (self.youngest_only if not child.youngest else self.elder_only)


@dataclass(slots=True, kw_only=True)
class Draft:
    """A child to be."""

    id: str
    number: int
    given: str
    family: str
    gender: str
    age_days: int
    years: int
    youngest: bool


@dataclass(slots=True, kw_only=True)
class Household:
    """A family and where it lives; numbers that stand for places choose among what the authority has."""

    shape: str
    origin: str
    address: Address
    shielded: str | None
    adults: list[Adult] = field(default_factory=list)
    children: list[Draft] = field(default_factory=list)
    school_choice: float = 0.0
    practice_choice: float = 0.0

    @property
    def looked_after(self) -> bool:
        """Tell whether the authority looks after the children."""
        return self.shape in LOOKED_AFTER


def size(random: Random, *, room: int) -> int:
    """Return how many children a family has, as far as there is room."""
    return min(_SIZES.draw(random), room)


def ages(random: Random, *, children: int) -> list[int]:
    """Return ages in days, evenly spread over all ages as well as for each child: gaps wrap round at 18.

    Twins are born on one day; other siblings at least eleven months apart.
    """
    age = int(random.random() * AGES)
    found = [YOUNGEST + age]
    for _ in range(children - 1):
        gap = 0 if random.random() < 0.03 else 340 + int(random.random() * 1_500)
        age = (age + gap) % AGES
        found.append(YOUNGEST + age)
    return found


def gender(random: Random) -> str:
    """Return a gender as a source would state it."""
    return _GENDERS.draw(random)


def adults(random: Random, *, shape: str, origin: str) -> list[Adult]:
    """Return the carers of a family; the first gives the children their name, as a rule."""
    mother, father = _adult(random, origin, "MOTHER"), _adult(random, origin, "FATHER")
    if random.random() < 0.62:
        mother.family = father.family
    if shape == "lone":
        return [mother if random.random() < 0.87 else father]
    if shape == "together":
        return [father, mother]
    if shape == "apart":
        father.away = True
        father.responsible = random.random() < 0.85
        return [mother, father] if random.random() < 0.4 else [father, mother]
    if shape == "step":
        father.away, father.elder_only = True, True
        step = _adult(random, ORIGINS.draw(random), "STEP_PARENT")
        step.responsible, step.elder_only = False, True
        parent = Adult(
            given=step.given, family=step.family, relationship="FATHER", responsible=True, youngest_only=True
        )
        return [mother, father, step, parent]
    if shape == "adoptive":
        mother.relationship = father.relationship = "ADOPTIVE_PARENT"
        return [father, mother]
    return _in_others_care(random, shape=shape, origin=origin, mother=mother)


def _in_others_care(random: Random, *, shape: str, origin: str, mother: Adult) -> list[Adult]:
    mother.away = True
    if shape == "grandparents":
        guardian = random.random() < 0.5
        grandmother = _adult(random, origin, "SPECIAL_GUARDIAN" if guardian else "GRANDPARENT", female=True)
        grandfather = _adult(random, origin, "SPECIAL_GUARDIAN" if guardian else "GRANDPARENT", female=False)
        grandfather.family = grandmother.family
        grandmother.responsible = grandfather.responsible = guardian
        return [mother, grandmother] if random.random() < 0.45 else [mother, grandmother, grandfather]
    if shape == "relatives":
        word = "AUNT_OR_UNCLE" if random.random() < 0.75 else "SIBLING"
        relative = _adult(random, origin, word, female=random.random() < 0.7)
        relative.responsible = False
        return [mother, relative]
    if shape == "foster":
        foster_origin = ORIGINS.draw(random)
        first = _adult(random, foster_origin, "FOSTER_CARER", female=True)
        second = _adult(random, foster_origin, "FOSTER_CARER", female=False)
        second.family = first.family
        first.responsible = second.responsible = False
        return [mother, first] if random.random() < 0.4 else [mother, first, second]
    return [mother]


def child_family_name(random: Random, *, household: Household, youngest: bool) -> str:
    """Return a child's family name: mostly one for all, at times the other parent's or both."""
    first = household.adults[0]
    name = first.family
    if household.shape == "step":
        father, step = household.adults[1], household.adults[2]
        name = step.family if youngest else father.family
    elif len(household.adults) > 1 and household.shape in {"together", "apart"}:
        other = household.adults[1].family
        chance = random.random()
        if other != name and chance < 0.06:
            return other
        if other != name and chance < 0.14 and "-" not in name + other:
            return f"{name}-{other}"
    return name


def _adult(random: Random, origin: str, relationship: str, *, female: bool | None = None) -> Adult:
    if female is None:
        female = relationship != "FATHER" and (relationship == "MOTHER" or random.random() < 0.25)
    return Adult(
        given=given_name(random, origin=origin, female=female),
        family=family_name(random, origin=origin),
        relationship=relationship,
        responsible=True,
    )
