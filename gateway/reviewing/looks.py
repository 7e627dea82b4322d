"""What one caller did in a period, as the patterns read it: numbers, instants and yes or no, and no name or address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.vocabulary import AuthorityCode, PersonId


class Nearness(StrEnum):
    """What ties a child's home to the caller's own."""

    FAMILY = "family"
    """The caller is or was on record as a carer of the child."""
    ADDRESS = "address"
    POSTCODE = "postcode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One child that one entry looked into; `child` is the tag that stands for the child in the ledger.

    `own` and `agency` say whether the caller, or the caller's agency, works with the child; they are `None` where the
    directory cannot say, as after erasure, and that is held against nobody.
    `after` is the number of the entry by which a colleague looked at the same child shortly before.
    """

    child: str
    own: bool | None = None
    agency: bool | None = None
    shielded: bool = False
    surname: bool = False
    near: Nearness | None = None
    after: int | None = None

    @property
    def not_own(self) -> bool:
        """Return whether the caller is known not to work with the child."""
        return self.own is False

    @property
    def stranger(self) -> bool:
        """Return whether neither the caller nor the agency works with the child."""
        return self.own is False and self.agency is False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One entry of the ledger; `code` is the error's, `None` where the ask was answered."""

    seq: int
    at: datetime
    purpose: str | None = None
    code: str | None = None
    searches: int = 0
    touches: Sequence[Touch] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """Whose asks are judged; role and agency are those of most of the period's entries."""

    person: PersonId
    role: str
    agency: str
    authority: AuthorityCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A caller's looks in the period, oldest first, and in the days before it.

    `past` needs instants and children only. `surnames` and `postcodes` are the keys that the caller's own were
    compared by, for how common they are.
    """

    caller: Reviewed
    looks: Sequence[Look]
    past: Sequence[Look] = ()
    surnames: frozenset[str] = frozenset()
    postcodes: frozenset[str] = frozenset()


@dataclass(slots=True)
class Commonness:
    """How often the children that all callers looked at bear a surname, or live in a postcode.

    Counted once for each caller and child; it grows with the number of surnames and postcodes, not with the ledger.
    """

    pairs: int = 0
    surnames: dict[str, int] = field(default_factory=dict)
    postcodes: dict[str, int] = field(default_factory=dict)

    def add(self, surnames: frozenset[str], postcodes: frozenset[str]) -> None:
        """Count one child that one caller looked at."""
        self.pairs += 1
        for key in surnames:
            self.surnames[key] = self.surnames.get(key, 0) + 1
        for key in postcodes:
            self.postcodes[key] = self.postcodes.get(key, 0) + 1

    def share_of_surnames(self, keys: frozenset[str]) -> float:
        """Return the share of children looked at who bear one of these surnames; never nought."""
        return self._share(self.surnames, keys)

    def share_of_postcodes(self, keys: frozenset[str]) -> float:
        """Return the share of children looked at who live in one of these postcodes; never nought."""
        return self._share(self.postcodes, keys)

    def _share(self, counted: Mapping[str, int], keys: frozenset[str]) -> float:
        # One more than was counted: what was seen once in a short period need not be rare.
        return min(1.0, (sum(counted.get(key, 0) for key in keys) + 1) / (self.pairs + 1))
