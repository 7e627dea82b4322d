"""Made-up worlds as values: small families and who works with them, drawn by Hypothesis, settled into a database.

A world is rows by table. What differs from world to world and may meet the ledger (children, carers, involvements,
persons) is known by a `Key` and gets an id of its own in every example, so that an example never finds another's log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hypothesis import strategies as st

from connectors.postgres.keys import name_keys, postcode_key
from gateway.identifiers import upn_fault
from tests.support.builders import ASSERTED, CONFIRMED, HOME, NOW, SOURCE, TODAY

OTHER = "E08000003"
_KINDS = ("agency", "practitioner", "setting", "child", "identity", "carer", "involvement", "shield", "person")
_LASTING = _KINDS[:3]
"""Kinds that the ledger's index does not know: their ids stay, so that decisions are remembered between examples."""


class Key(NamedTuple):
    """A row by kind and number, before it has an id."""

    kind: str
    number: int

    def __repr__(self):
        return f"{self.kind}-{self.number}"

    def id_in(self, example):
        if self.kind == "person":
            return f"person-{example}-{self.number}"
        lasting = 0 if self.kind in _LASTING else example
        return UUID(int=(_KINDS.index(self.kind) + 1) << 96 | lasting << 32 | self.number)


NHS_NUMBERS = ("9434765919", "9434765870", "9000000009", "9000000025", "9000000033", "9111231130")
UPNS = tuple(
    next(upn for letter in "ABCDEFGHJKLMNPQRTUVWXYZ" if upn_fault(upn := f"{letter}80120000500{number}") is None)
    for number in range(1, 7)
)
FAMILY_NAMES = ("Okafor", "Okafur", "Birch")
GIVEN_NAMES = ("Ayesha", "Aisha", "Tom", None)
BIRTHDAYS = (date(2015, 3, 4), date(2015, 4, 3), date(2012, 2, 29))
ADULT_BIRTHDAY = date(2006, 1, 1)
PLACES = ((["12 Acacia Road", "Sale"], "M33 2TL"), (["9 Elm Row", "Sale"], "M33 2TX"), (["3 Mill Lane"], "LS1 4AP"))
ORDINARY_SERVICES = ("SCHOOL_NURSING", "SOCIAL_CARE", "EARLY_HELP", "POLICE")
SENSITIVE_SERVICES = ("SEXUAL_HEALTH", "MENTAL_HEALTH", "SUBSTANCE_MISUSE")
ADULT_SERVICES = ("DOMESTIC_ABUSE", "DISABILITY", "MENTAL_HEALTH")
CONSENTS = ("given", "significant-harm", "withdrawn", "expired", "missing")
FOOTINGS = CONSENTS[:2]
SHIELDS = ("none", "provisional", "active", "lifted")
DAYS = (date(2024, 1, 8), date(2025, 9, 1), date(2026, 3, 2))
ENDED = date(2026, 6, 30)
ME = Key("person", 1)
SOMEBODY = Key("person", 2)
MY_POST = Key("practitioner", 1)
MY_AGENCY = Key("agency", 1)

_TABLES = (
    "source", "authority", "agency", "safeguarding_contact", "practitioner", "setting", "carer", "child",
    "child_former_name", "child_superseded_identifier", "child_search_key", "child_carer", "child_setting",
    "involvement", "involvement_consent", "conflict", "shield", "registration", "queue_outcome",
)  # fmt: skip
"""In the order in which rows may refer to each other."""


@dataclass(frozen=True)
class World:
    """Rows by table; every change makes another world."""

    tables: Mapping[str, tuple[dict, ...]]

    def rows(self, table):
        return self.tables.get(table, ())

    def plus(self, table, *rows):
        return World({**self.tables, table: (*self.rows(table), *rows)})

    def changed(self, table, where, **columns):
        rows = tuple(row | columns if where(row) else row for row in self.rows(table))
        return World({**self.tables, table: rows})

    def without(self, table, where):
        return World({**self.tables, table: tuple(row for row in self.rows(table) if not where(row))})

    def without_child(self, child):
        """The world in which the child was never known; its identity's twins and its carers stay."""
        world = self.without("child", lambda row: row["id"] == child)
        for table in _TABLES:
            world = world.without(table, lambda row: row.get("child_id") == child)
        return world

    def keys(self, table):
        return tuple(row["id"] for row in self.rows(table))

    def _repr_pretty_(self, printer, _cycle):
        printer.text(str(self))

    def __str__(self):
        """What differs from world to world, a row a line; Hypothesis prints a failing world like this."""
        lines = [
            f"{table}: " + ", ".join(f"{name}={value!r}" for name, value in row.items() if _worth_telling(name, value))
            for table in _TABLES
            for row in self.rows(table)
            if row not in _fixed_rows().get(table, ())
        ]
        return "World\n  " + "\n  ".join(lines)


def _worth_telling(name, value):
    return name not in _USUAL and value is not None and value is not False


_PROVENANCE = {"source": SOURCE, "asserted_at": ASSERTED, "confirmed_at": CONFIRMED}
_GROUPS = ("name", "birth", "address")
_USUAL = {*_PROVENANCE, *(f"{group}_{part}" for group in (*_GROUPS, "nhs_number", "upn") for part in _PROVENANCE)}


def a_child_row(number, **stated):
    row = {
        "id": Key("child", number),
        "identity_id": Key("identity", number),
        "authority": HOME,
        "standing": "live",
        "given_name": "Ayesha",
        "family_name": "Okafor",
        "date_of_birth": BIRTHDAYS[0],
        "gender": "FEMALE",
        "address_lines": PLACES[0][0],
        "postcode": PLACES[0][1],
        "uprn": None,
        "address_status": "CURRENT",
        "nhs_number": None,
        "upn": None,
    } | stated
    for group in (*_GROUPS, "nhs_number", "upn"):
        known = group in _GROUPS or row[group] is not None
        row |= {f"{group}_{part}": value if known else None for part, value in _PROVENANCE.items()}
    return row


def a_carer_row(number, **stated):
    return {
        "id": Key("carer", number),
        "person": None,
        "name": f"Carer {number}",
        "address_lines": PLACES[0][0],
        "postcode": PLACES[0][1],
        "uprn": None,
        "telephone": "07700 900001",
        "email": "carer@example.org",
        **_PROVENANCE,
    } | stated


def a_link_row(child, carer, **stated):
    return {
        "child_id": child,
        "carer_id": carer,
        "relationship": "MOTHER",
        "has_parental_responsibility": True,
        "until": None,
        **_PROVENANCE,
    } | stated


def an_involvement_row(number, child, **stated):
    practitioner = stated.get("practitioner_id", Key("practitioner", 2))
    return {
        "child_id": child,
        "id": Key("involvement", number),
        "carer_id": None,
        "practitioner_id": practitioner,
        "agency_id": agency_of(practitioner),
        "service": "SCHOOL_NURSING",
        "sensitive": False,
        "started_on": DAYS[1],
        "ended_on": None,
        "is_lead_professional": False,
        "common_assessment_completed": False,
        **_PROVENANCE,
    } | stated


def consent_rows(child, involvement, consent):
    """The versions that come to a state of consent; none where it is missing."""
    if consent == "missing":
        return ()
    row = {
        "child_id": child,
        "involvement_id": involvement,
        "version": 1,
        "basis": "significant-harm" if consent == "significant-harm" else "child-consent",
        "scope": "practitioners",
        "given_at": NOW - timedelta(days=30),
        "expires_at": NOW if consent == "expired" else None,
        "withdrawn_at": None,
    }
    if consent == "withdrawn":
        return (row, row | {"version": 2, "withdrawn_at": NOW - timedelta(hours=1)})
    return (row,)


def shield_rows(number, child_row, shield):
    if shield == "none":
        return ()
    return (
        {
            "id": Key("shield", number),
            "child_id": child_row["id"],
            "identity_id": child_row["identity_id"],
            "requested_by": "practitioner",
            "requested_at": NOW - timedelta(days=2),
            "decided_at": None if shield == "provisional" else NOW - timedelta(days=1),
            "review_due": TODAY + timedelta(days=180),
            "lifted_at": NOW - timedelta(hours=2) if shield == "lifted" else None,
        },
    )


def a_queue_outcome_row(child, owner):
    return {
        "child_id": child,
        "queue": "missing-education",
        "owner_id": owner,
        "action": "ask-carer",
        "outcome": "under-way",
        "recorded_by": "somebody",
        "recorded_at": NOW - timedelta(days=9),
        "recorded_on": TODAY - timedelta(days=9),
    }


def a_conflict_row(child, practitioner):
    return {
        "child_id": child,
        "practitioner_id": practitioner,
        "declared_at": NOW - timedelta(days=1),
        "lifted_at": None,
    }


def agency_of(practitioner):
    """Each practitioner's agency: 1 to 3 work at ordinary ones, 4 and 5 at sensitive ones."""
    return Key("agency", practitioner.number)


def _setting_rows():
    for number, kind, name, urn, ods_code in (
        (1, "SCHOOL", "Acacia School", "106401", None),
        (2, "SPECIAL_SCHOOL", "Birch School", "106402", None),
        (3, "GP_PRACTICE", "Elm Practice", None, "P91001"),
    ):
        yield {
            "id": Key("setting", number),
            "kind": kind,
            "name": name,
            "urn": urn,
            "ods_code": ods_code,
            "address_lines": ["1 School Lane", "Sale"],
            "postcode": "M33 1AA",
            "telephone": "0161 496 0002",
            "email": None,
            "authority": HOME,
            **_PROVENANCE,
        }


def _fixed_rows():
    agencies = (("health", False), ("education", False), ("social-care", False), ("health", True), ("health", True))
    return {
        "source": ({"id": SOURCE, "name": SOURCE},),
        "authority": tuple(
            {"code": code, "legacy_code": legacy, "name": f"Authority {legacy}", "gateway_status": "LIVE"}
            for code, legacy in ((HOME, "358"), (OTHER, "352"))
        ),
        "agency": tuple(
            {
                "id": Key("agency", number),
                "name": f"Agency {number}",
                "kind": kind,
                "authority": HOME,
                "sensitive": sensitive,
                "accredited_until": TODAY + timedelta(days=365),
                "suspended_at": None,
            }
            for number, (kind, sensitive) in enumerate(agencies, start=1)
        ),
        "safeguarding_contact": tuple(
            {
                "authority": authority,
                "agency": agency,
                "role": "FRONT_DOOR",
                "name": "Desk",
                "telephone": "0161 496 0100",
            }
            for authority, agency in ((HOME, None), (OTHER, None), (None, Key("agency", 1)), (None, Key("agency", 4)))
        ),
        "practitioner": tuple(
            {
                "id": Key("practitioner", number),
                "person": None,
                "name": f"Practitioner {number}",
                "role": "Nurse" if number < 4 else "Counsellor",
                "agency": Key("agency", number),
                "telephone": f"0161 496 100{number}",
                "email": None,
            }
            for number in range(1, 6)
        ),
        "setting": tuple(_setting_rows()),
    }


def a_small_world():
    """One child with a carer and an ordinary involvement."""
    child = Key("child", 1)
    return (
        World(_fixed_rows())
        .plus("child", a_child_row(1))
        .plus("carer", a_carer_row(1))
        .plus("child_carer", a_link_row(child, Key("carer", 1)))
        .plus("involvement", an_involvement_row(1, child))
    )


@st.composite
def worlds(draw, *, children=4):
    """Draw a world of up to so many children, in one or several families, without a caller."""
    world = World(_fixed_rows())
    for number in range(1, draw(st.integers(1, children)) + 1):
        world = _with_child(draw, world, number)
    for number in range(1, draw(st.integers(0, 3)) + 1):
        world = _with_carer(draw, world, number)
    for number in range(1, draw(st.integers(0, 5)) + 1):
        world = _with_involvement(draw, world, number)
    for number, row in enumerate(world.rows("child"), start=1):
        if draw(_rarely):
            world = world.plus("shield", *shield_rows(number, row, draw(st.sampled_from(SHIELDS[1:]))))
    if draw(_rarely):
        child = draw(st.sampled_from(world.keys("child")))
        world = world.plus("conflict", a_conflict_row(child, Key("practitioner", draw(st.integers(1, 2)))))
    if draw(_rarely):
        child = draw(st.sampled_from(world.keys("child")))
        world = world.plus("queue_outcome", a_queue_outcome_row(child, Key("practitioner", draw(st.integers(1, 2)))))
    return world


_rarely = st.integers(0, 3).map(lambda drawn: drawn == 3)
_seldom = st.integers(0, 7).map(lambda drawn: drawn == 7)
_hardly_ever = st.integers(0, 31).map(lambda drawn: drawn == 31)


def _with_child(draw, world, number):
    lines, postcode = draw(st.sampled_from(PLACES))
    twin = number > 1 and draw(_seldom)
    row = a_child_row(
        number,
        identity_id=Key("identity", number - 1 if twin else number),
        authority=OTHER if draw(_seldom) else HOME,
        standing=draw(st.sampled_from(("live", "left-england", "deceased", "archived"))) if draw(_seldom) else "live",
        given_name=draw(st.sampled_from(GIVEN_NAMES)),
        family_name=draw(st.sampled_from(FAMILY_NAMES)),
        date_of_birth=ADULT_BIRTHDAY if draw(_seldom) else draw(st.sampled_from(BIRTHDAYS)),
        gender=draw(st.sampled_from(("FEMALE", "MALE", "NOT_SPECIFIED"))),
        address_lines=lines,
        postcode=postcode,
        address_status=draw(st.sampled_from(("CURRENT", "LAST_KNOWN"))),
        nhs_number=NHS_NUMBERS[number - 1] if draw(st.booleans()) else None,
        upn=UPNS[number - 1] if draw(st.booleans()) else None,
    )
    world = world.plus("child", row)
    if draw(_rarely):
        world = world.plus("child_former_name", a_former_name_row(row["id"], draw(st.sampled_from(FAMILY_NAMES))))
    if draw(_seldom):
        world = world.plus("child_superseded_identifier", _superseded(row["id"], NHS_NUMBERS[5]))
        if any(other["child_id"] != row["id"] for other in world.rows("child_superseded_identifier")):
            world = world.without("child_superseded_identifier", lambda one: one["child_id"] == row["id"])
    if draw(st.booleans()):
        world = world.plus("child_setting", a_setting_link_row(row["id"], draw(st.integers(1, 3))))
    return world


def a_former_name_row(child, family_name):
    return {
        "child_id": child, "given_name": None, "family_name": family_name, "used_until": date(2020, 1, 1),
        **_PROVENANCE,
    }  # fmt: skip


def _superseded(child, value):
    return {"child_id": child, "system": "nhs-number", "value": value, "superseded_at": ASSERTED, "source": SOURCE}


def a_setting_link_row(child, number):
    started = date(2020 + number, 9, 1)
    return {
        "child_id": child,
        "setting_id": Key("setting", number),
        "started_on": started,
        "ended_on": None,
    } | _PROVENANCE


def _with_carer(draw, world, number):
    lines, postcode = draw(st.sampled_from(PLACES))
    row = a_carer_row(number, name=draw(st.sampled_from(("Ana", "Bo", "Cy"))), address_lines=lines, postcode=postcode)
    world = world.plus("carer", row)
    cared = draw(st.lists(st.sampled_from(world.keys("child")), min_size=1, max_size=3, unique=True))
    links = [
        a_link_row(
            child,
            row["id"],
            relationship=draw(st.sampled_from(("MOTHER", "FATHER", "GRANDPARENT"))),
            has_parental_responsibility=draw(st.booleans()),
            until=date(2025, 1, 1) if draw(_seldom) else None,
        )
        for child in cared
    ]
    return world.plus("child_carer", *links)


def _with_involvement(draw, world, number):
    child = draw(st.sampled_from(world.keys("child")))
    kind = draw(st.sampled_from(("ordinary", "ordinary", "sensitive", "adult")))
    carers = [row["carer_id"] for row in world.rows("child_carer") if row["child_id"] == child]
    stated = {
        "started_on": draw(st.sampled_from(DAYS)),
        "ended_on": ENDED if draw(_rarely) else None,
        "is_lead_professional": draw(st.booleans()),
        "common_assessment_completed": draw(st.booleans()),
    }
    if kind == "ordinary" or (kind == "adult" and not carers):
        row = an_involvement_row(
            number,
            child,
            practitioner_id=Key("practitioner", draw(st.integers(1, 3))),
            service=draw(st.sampled_from(ORDINARY_SERVICES)),
            **stated,
        )
        return world.plus("involvement", row)
    row = an_involvement_row(
        number,
        child,
        practitioner_id=Key("practitioner", draw(st.sampled_from((1, 4, 5)))),
        service=draw(st.sampled_from(ADULT_SERVICES if kind == "adult" else SENSITIVE_SERVICES)),
        carer_id=draw(st.sampled_from(carers)) if kind == "adult" else None,
        sensitive=True,
        **stated,
    )
    consent = draw(st.sampled_from(CONSENTS))
    return world.plus("involvement", row).plus("involvement_consent", *consent_rows(child, row["id"], consent))


async def settle(database, world, *, example):
    """Make a database hold this world and nothing else but its ledger."""
    tables = {table: list(world.rows(table)) for table in _TABLES}
    tables["child_search_key"] = [key for row in world.rows("child") for key in _search_keys(world, row)]
    async with database.transaction(within=20) as connection:
        for table in reversed(_TABLES[:-1]):  # what was done in a queue goes with the child alone
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of this file
        for table, rows in tables.items():
            if rows:
                columns = sorted(set().union(*rows))
                places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
                values = [[placed(row.get(column), example) for column in columns] for row in rows]
                await connection.executemany(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of this file
                    values,
                )


def placed(value, example):
    """The value with every key in it replaced by its id in this example."""
    if isinstance(value, Key):
        return value.id_in(example)
    if isinstance(value, dict):
        return {name: placed(part, example) for name, part in value.items()}
    if isinstance(value, list):
        return [placed(part, example) for part in value]
    return value


def _search_keys(world, child):
    former = [row for row in world.rows("child_former_name") if row["child_id"] == child["id"]]
    yield _search_key(child, former=False)
    for name in former:
        given = name["given_name"] or child["given_name"]
        yield _search_key(child | {"given_name": given, "family_name": name["family_name"]}, former=True)


def _search_key(row, *, former):
    keys = name_keys(given_name=row["given_name"], family_name=row["family_name"])
    return {
        "child_id": row["id"],
        "former": former,
        "family_key": keys.family,
        "family_sound": keys.family_sound,
        "given_key": keys.given,
        "given_first_key": keys.given_first,
        "given_sound": keys.given_sound,
        "date_of_birth": row["date_of_birth"],
        "gender": row["gender"],
        "postcode_key": postcode_key(row["postcode"]) if row["postcode"] else None,
    }


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks: what the token and the headers say; the register's word is a row of the world."""

    role: str
    purpose: str | None
    agency: Key = MY_AGENCY
    mediated_for: Key | None = None
    person: Key = ME


STANDINGS = ("current", "unregistered", "training-lapsed", "check-lapsed", "accreditation-lapsed", "suspended")


def registered(world, asker, *, standing="current", subject_child=None, subject_carer=None, post=False):
    """The world in which the asker is registered with this standing; with `post`, as practitioner 1."""
    lapsed = TODAY - timedelta(days=1)
    row = {
        "person": asker.person,
        "role": asker.role,
        "name": "Registered",
        "agency": asker.agency,
        "training_valid_until": lapsed if standing == "training-lapsed" else TODAY + timedelta(days=200),
        "check_issued_on": TODAY - timedelta(days=1200 if standing == "check-lapsed" else 200),
        "suspended_at": datetime(2026, 11, 1, tzinfo=UTC) if standing == "suspended" else None,
        "subject_child": subject_child,
        "subject_carer": subject_carer,
    }
    if post:
        world = world.changed("practitioner", lambda one: one["id"] == MY_POST, person=asker.person)
    if standing == "accreditation-lapsed":
        world = world.changed("agency", lambda one: one["id"] == asker.agency, accredited_until=lapsed)
    return world if standing == "unregistered" else world.plus("registration", row)


@st.composite
def askers(draw, world, book, *, roles=None, purposes=None, standings=STANDINGS):
    """Draw an asker and the world with the asker in its register; `book` is the policies' data."""
    roles = tuple(roles or book["roles"])
    telling = tuple(role for role in roles if "Child" in book["roles"][role]["sees"])
    role = draw(st.sampled_from(telling * 4 + roles))
    allowed = [one for one in book["roles"][role]["purposes"] if purposes is None or one in purposes]
    assert allowed, f"{role} has none of these purposes"
    stray = purposes is None and draw(_seldom)
    purpose = draw(st.sampled_from((*book["purposes"], None))) if stray else draw(st.sampled_from(allowed))
    asker = Asker(role=role, purpose=purpose)
    standing = draw(st.sampled_from(standings)) if draw(_seldom) else "current"
    subject = {}
    if book["roles"][role]["own_record_only"]:
        carers = world.keys("carer")
        own_carer = role == "carer" and bool(carers)
        subject = (
            {"subject_carer": draw(st.sampled_from(carers))}
            if own_carer
            else {"subject_child": draw(st.sampled_from(world.keys("child")))}
        )
    listed = tuple(book["roles"][role]["mediates_for"])
    if book["roles"][role]["only_for_another"] or draw(_seldom if listed else _hardly_ever):
        asker = replace(asker, mediated_for=SOMEBODY)
        other = draw(st.sampled_from((*listed, "voluntary-practitioner")))
        world = registered(world, Asker(role=other, purpose=None, person=SOMEBODY))
    return asker, registered(world, asker, standing=standing, post=draw(st.booleans()), **subject)
