"""What the bench asks about: who asks and why, which fields, and which classes of records, all by name."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.disclosure.question import AccessAttributes, Attribute, CallerAttributes, GrantAttributes
from gateway.vocabulary import CallerStanding, RecordType
from gateway.workbench.book import Book

RecordClass = tuple[tuple[str, Attribute], ...]

PLAIN: Final[Mapping[str, Attribute]] = {
    "shield": "none",
    "sensitive": False,
    "consent": "none-needed",
    "involved": False,
    "conflict": False,
    "home": "same-authority",
    "standing": "live",
    "self": False,
    "active": True,
    "subject": "child",
    "reason": "stated",
    "operation": "query",
    "budget": "ample",
    "scope": "home",
    "withholding": "none",
    "asker": "own-authority",
}
"""The class from which every named class departs: nothing about the record is out of the ordinary."""

CRITERIA: Final = ("dateOfBirth", "familyName")
"""What a plain candidate of a search was found by."""

_ABOUT_A_CHILD: Final = frozenset(
    {
        RecordType.CHILD,
        RecordType.CARER,
        RecordType.INVOLVEMENT,
        RecordType.CANDIDATE,
        RecordType.ACCESS_LOG_ENTRY,
        RecordType.ACTION,
    }
)
_WORKED_WITH: Final = (_ABOUT_A_CHILD | {RecordType.PRACTITIONER, RecordType.AGENCY}) - {RecordType.ACCESS_LOG_ENTRY}
_SERVICE: Final = frozenset({RecordType.INVOLVEMENT})
_STAFF: Final = frozenset({RecordType.PRACTITIONER, RecordType.AGENCY})
_FOUND: Final = frozenset({RecordType.CANDIDATE})


class UnknownName(Exception):
    """A role, purpose, type, field, class or attribute that the rules do not know; the message lists near ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """Who asks and why, as far as a decision may depend on it; `acts_for` is (role, standing) of a mediated person."""

    role: str
    purpose: str | None
    standing: str = CallerStanding.CURRENT.value
    acts_for: tuple[str, str] | None = None
    through: tuple[str, str] | None = None
    """Role and standing of a mediator elsewhere, through whom a peer asks."""
    agency: str = "00000000-0000-4000-8000-000000000000"
    authority: str = "E08000009"
    origin: str = "local"
    grant: GrantAttributes | None = None
    now: str = "2026-11-22T10:00:00+00:00"

    def caller(self) -> CallerAttributes:
        """Return the caller of a question."""
        return CallerAttributes(
            role=self.role,
            agency=self.agency,
            authority=self.authority,
            standing=self.standing,
            acts_for=self.acts_for,
            through=self.through,
        )

    def access(self) -> AccessAttributes:
        """Return the access of a question."""
        return AccessAttributes(purpose=self.purpose, origin=self.origin, grant=self.grant, now=self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedClass:
    """A class of records under a name that a policy owner uses; `types` are those that can be of it, None for all."""

    name: str
    title: str
    beyond: Mapping[str, Attribute]
    types: frozenset[RecordType] | None = None

    def of(self, record_type: RecordType, book: Book) -> RecordClass | None:
        """Return the class of a record of this type, or None where there can be no such record under these rules."""
        if self.types is not None and record_type not in self.types:
            return None
        try:
            return class_with(record_type, self.beyond, book)
        except UnknownName:
            return None


NAMED_CLASSES: Final[tuple[NamedClass, ...]] = (
    NamedClass(name="plain", title="Nothing out of the ordinary", beyond={}),
    NamedClass(
        name="involved",
        title="The caller already works with this child",
        beyond={"involved": True},
        types=_WORKED_WITH,
    ),
    NamedClass(
        name="associated",
        title="Shares a carer with a shielded child",
        beyond={"shield": "associated"},
        types=_ABOUT_A_CHILD,
    ),
    NamedClass(
        name="provisional",
        title="Shielded for the time being, until a decision is made",
        beyond={"shield": "provisional"},
        types=_ABOUT_A_CHILD,
    ),
    NamedClass(name="shielded", title="Shielded", beyond={"shield": "active"}, types=_ABOUT_A_CHILD),
    NamedClass(
        name="shielded-involved",
        title="Shielded, and the caller already works with this child",
        beyond={"shield": "active", "involved": True},
        types=_WORKED_WITH & _ABOUT_A_CHILD,
    ),
    NamedClass(
        name="sensitive-consented",
        title="A sensitive service, recorded with consent",
        beyond={"sensitive": True, "consent": "given"},
        types=_SERVICE,
    ),
    NamedClass(
        name="sensitive-harm",
        title="A sensitive service, recorded without consent because of a risk of significant harm",
        beyond={"sensitive": True, "consent": "significant-harm"},
        types=_SERVICE,
    ),
    NamedClass(
        name="sensitive-withdrawn",
        title="A sensitive service whose consent was withdrawn",
        beyond={"sensitive": True, "consent": "withdrawn"},
        types=_SERVICE,
    ),
    NamedClass(
        name="sensitive-involved",
        title="The caller's own involvement in a sensitive service",
        beyond={"sensitive": True, "consent": "given", "involved": True},
        types=_SERVICE,
    ),
    NamedClass(
        name="sensitive-ended",
        title="A sensitive service that has ended",
        beyond={"sensitive": True, "consent": "given", "active": False},
        types=_SERVICE,
    ),
    NamedClass(
        name="sensitive-staff",
        title="A practitioner or agency of a sensitive service",
        beyond={"sensitive": True},
        types=_STAFF,
    ),
    NamedClass(
        name="adult-service",
        title="An adult service that works with a carer",
        beyond={"subject": "carer", "consent": "given"},
        types=_SERVICE,
    ),
    NamedClass(name="ended", title="An involvement that has ended", beyond={"active": False}, types=_SERVICE),
    NamedClass(
        name="conflict",
        title="The caller has a declared conflict of interest",
        beyond={"conflict": True},
        types=_ABOUT_A_CHILD,
    ),
    NamedClass(
        name="self",
        title="The caller's own record",
        beyond={"self": True},
        types=_ABOUT_A_CHILD | {RecordType.CALLER},
    ),
    NamedClass(
        name="other-authority",
        title="Held by another authority",
        beyond={"home": "other-authority"},
        types=_ABOUT_A_CHILD,
    ),
    NamedClass(
        name="left-england",
        title="The child has left England",
        beyond={"standing": "left-england"},
        types=_ABOUT_A_CHILD,
    ),
    NamedClass(name="adult", title="The child is grown up", beyond={"standing": "adult"}, types=_ABOUT_A_CHILD),
    NamedClass(
        name="adult-consented",
        title="The child is grown up and has agreed to stay in the directory",
        beyond={"standing": "adult-with-consent"},
        types=_ABOUT_A_CHILD,
    ),
    NamedClass(
        name="deceased",
        title="The child has died less than a year ago",
        beyond={"standing": "deceased"},
        types=_ABOUT_A_CHILD,
    ),
    NamedClass(name="archived", title="In the archive", beyond={"standing": "archived"}, types=_ABOUT_A_CHILD),
    NamedClass(
        name="found-by-address",
        title="Found in a search that used an address",
        beyond={"criteria": ("address", "familyName", "gender")},
        types=_FOUND,
    ),
    NamedClass(
        name="shielded-found-by-address",
        title="Shielded, and found in a search that used an address",
        beyond={"criteria": ("address", "familyName", "gender"), "shield": "active"},
        types=_FOUND,
    ),
    NamedClass(name="own-feed", title="What the caller's own agency supplied", beyond={"feed": "own"}),
    NamedClass(name="reviewed-once", title="A change that one other person has reviewed", beyond={"reviewers": "one"}),
    NamedClass(
        name="reviewed-independently",
        title="A change that an independent person has reviewed",
        beyond={"reviewers": "independent"},
    ),
    NamedClass(name="agreed", title="A change that both authorities have agreed to", beyond={"agreement": "both"}),
    NamedClass(name="small-count", title="A count so small that it could point at somebody", beyond={"size": "below"}),
    NamedClass(
        name="log-withheld",
        title="An entry of the access log that is lawfully withheld from child and carer",
        beyond={"withholding": "in-force"},
    ),
    NamedClass(name="fuzzy", title="A search for what sounds or looks alike", beyond={"match": "fuzzy"}),
    NamedClass(name="no-reason", title="An ask without a stated reason", beyond={"reason": "missing"}),
    NamedClass(name="mutation", title="An ask that changes something", beyond={"operation": "mutation"}),
    NamedClass(name="budget-exhausted", title="The budget of searches is spent", beyond={"budget": "exhausted"}),
    NamedClass(name="elsewhere", title="A search in other authorities", beyond={"scope": "elsewhere"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Fields of one record type under one named class, with that class in full."""

    type: RecordType
    fields: tuple[str, ...]
    named: NamedClass
    record_class: RecordClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What a matrix asks: every row for every approach."""

    approaches: tuple[Approach, ...]
    rows: tuple[Row, ...]

    @property
    def fields(self) -> tuple[tuple[RecordType, str], ...]:
        """Return the record types and fields, each once, in order."""
        return tuple(dict.fromkeys((row.type, field) for row in self.rows for field in row.fields))

    @property
    def classes(self) -> tuple[NamedClass, ...]:
        """Return the named classes, each once, in order."""
        return tuple({row.named.name: row.named for row in self.rows}.values())


def axes_of(
    book: Book,
    *,
    roles: Sequence[str] = (),
    purposes: Sequence[str] = (),
    types: Sequence[str] = (),
    fields: Sequence[str] = (),
    classes: Sequence[str] = (),
    every_purpose: bool = False,
) -> Axes:
    """Return what to ask about; an empty choice means all.

    Without purposes each role asks for its first, or with `every_purpose` for each of its own.
    Purposes without roles are asked by the roles that may state them.

    Raises:
        UnknownName: The book knows no such name, or nothing is left to ask about.
    """
    kinds = [RecordType(name) for name in known("record type", types, [kind.value for kind in book.types])]
    all_fields = dict.fromkeys(field for kind in kinds for field in book.fields_of(kind))
    wanted = set(known("field", fields, list(all_fields)))
    names = known("class", classes, [named.name for named in NAMED_CLASSES])
    chosen = [named for named in NAMED_CLASSES if named.name in names]
    rows = tuple(
        Row(type=kind, fields=asked, named=named, record_class=record_class)
        for kind in kinds
        if (asked := tuple(field for field in book.fields_of(kind) if field in wanted))
        for named in chosen
        if (record_class := named.of(kind, book)) is not None
    )
    if not rows:
        raise UnknownName(f"no {' or '.join(types) or 'record'} can be of the class {' or '.join(classes)}")
    return Axes(approaches=_approaches(book, roles, purposes, every_purpose=every_purpose), rows=rows)


def axes_of_both(old: Book, new: Book, choice: Mapping[str, Sequence[str]]) -> tuple[Axes, Axes]:
    """Return what to ask two sets of rules about, each role with each of its purposes.

    `choice` maps the keywords of `axes_of` to names.

    A name that only one of them knows is asked of that one only.

    Raises:
        UnknownName: Neither knows a name.
    """
    for name, wanted in choice.items():
        known(name, wanted, list(dict.fromkeys([*_names(old, name), *_names(new, name)])))
    return _axes_with(old, choice), _axes_with(new, choice)


def _axes_with(book: Book, choice: Mapping[str, Sequence[str]]) -> Axes:
    kept = {name: [one for one in wanted if one in _names(book, name)] for name, wanted in choice.items()}
    if any(choice[name] and not kept[name] for name in choice):
        return Axes(approaches=(), rows=())
    return axes_of(book, **kept, every_purpose=True)


def _names(book: Book, name: str) -> Sequence[str]:
    return {
        "roles": book.roles,
        "purposes": book.purposes,
        "types": [kind.value for kind in book.types],
        "fields": [field for kind in book.types for field in book.fields_of(kind)],
        "classes": [named.name for named in NAMED_CLASSES],
    }[name]


def class_with(record_type: RecordType, beyond: Mapping[str, Attribute], book: Book) -> RecordClass:
    """Return the plain class of a type, changed as told.

    Raises:
        UnknownName: The type has no such attribute, or the attribute no such value.
    """
    attributes = {name: _plain(name, book) for name in book.attributes_of(record_type)}
    if record_type is RecordType.CANDIDATE:
        attributes["criteria"] = CRITERIA
    for name in beyond:
        known(f"attribute of {record_type}", [name], [*attributes, *book.optional_of(record_type)])
    for name, value in beyond.items():
        if book.values_of(name) and value not in book.values_of(name):
            known(f"value of {name}", [word(value)], [word(one) for one in book.values_of(name)])
    return tuple(sorted({**attributes, **beyond}.items()))


def known(what: str, wanted: Sequence[str], among: Sequence[str]) -> list[str]:
    """Return the names wanted, or all where none is.

    Raises:
        UnknownName: One is not among those known.
    """
    for name in wanted:
        if name not in among:
            near = difflib.get_close_matches(name, among, n=3, cutoff=0.4)
            meant = f"perhaps {' or '.join(near)}" if near else f"there are {', '.join(among) or 'none'}"
            raise UnknownName(f"no {what} is called {name}: {meant}")
    return list(dict.fromkeys(wanted or among))


def word(value: Attribute) -> str:
    """Return an attribute's value as policy owners write it."""
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
        case None:
            return "none"
        case _:
            return value


def _approaches(
    book: Book, roles: Sequence[str], purposes: Sequence[str], *, every_purpose: bool
) -> tuple[Approach, ...]:
    chosen = known("role", roles, book.roles)
    if purposes:
        stated = known("purpose", purposes, book.purposes)
        pairs: Iterable[tuple[str, str]] = (
            (role, purpose) for role in chosen for purpose in stated if roles or purpose in book.purposes_of(role)
        )
    else:
        pairs = (
            (role, purpose)
            for role in chosen
            for purpose in (book.purposes_of(role) if every_purpose else book.purposes_of(role)[:1])
        )
    return tuple(Approach(role=role, purpose=purpose) for role, purpose in pairs)


def _plain(name: str, book: Book) -> Attribute:
    if name in PLAIN:
        return PLAIN[name]
    # An attribute that is new in the book: the flag down, or the first word listed.
    values = book.values_of(name)
    return False if False in values else values[0] if values else None
