"""The rows of a made-up authority that are about no child: agencies, contacts, settings, practitioners."""

from collections.abc import Iterator
from random import Random

from connectors.synthetic.draw import Skewed, stream
from connectors.synthetic.names import adult_name
from connectors.synthetic.places import STEMS
from connectors.synthetic.rows import Rows
from connectors.synthetic.workforce import AGENCIES, Pool
from connectors.synthetic.world import (
    ADDRESSES_IN_A_SLICE,
    AGENCY,
    CARER,
    PRACTITIONER,
    SETTING,
    World,
    source_rows,
)

PRACTITIONERS_IN_A_BLOCK = 4_000
SCHOOLS_IN_A_SLOT = 1_500
PRACTICES_IN_A_SLOT = 500
CORPORATE_PARENT = 0
"""The number of the carer that stands for the authority itself."""

_KINDS = {
    "gp": "GP_PRACTICE",
    "nursery": "NURSERY",
    "primary": "SCHOOL",
    "secondary": "SCHOOL",
    "special": "SPECIAL_SCHOOL",
    "college": "COLLEGE",
    "alternative": "ALTERNATIVE_PROVISION",
    "home": "CHILDRENS_HOME",
}
_NAMES = {
    "gp": ("Surgery", "Medical Practice", "Health Centre"),
    "nursery": ("Nursery", "Nursery School", "Early Years Centre"),
    "primary": ("Primary School", "Community Primary School", "Primary Academy"),
    "secondary": ("High School", "Academy", "School"),
    "special": ("Special School",),
    "college": ("Sixth Form College", "College"),
    "alternative": ("Learning Centre",),
    "home": ("House",),
}
_AUTHORITY_CONTACTS = (
    ("FRONT_DOOR", "Children's front door", "Monday to Friday, 08:30 to 17:00"),
    ("OUT_OF_HOURS", "Emergency duty team", "Evenings, nights, weekends and bank holidays"),
    ("DESIGNATED_DOCTOR", None, None),
    ("DESIGNATED_NURSE", None, None),
    ("CALDICOTT_GUARDIAN", None, None),
)
_AGENCY_CONTACTS = {"health": ("NAMED_NURSE", "NAMED_DOCTOR"), "education": ("DESIGNATED_SAFEGUARDING_LEAD",)}

_STANDINGS = Skewed({"current": 94.0, "training-lapsed": 2.5, "check-lapsed": 2.0, "suspended": 0.5, "none": 1.0})


def telephone(random: Random) -> str:
    """Return a number from the range set apart for fiction.

    Source: Ofcom, telephone numbers for use in TV and radio drama programmes.
    """
    return f"0161 496 0{int(random.random() * 1000):03d}"


def register_rows(world: World) -> Rows:
    """Return sources, authority, agencies, their contacts, settings and the corporate parent."""
    rows = Rows()
    random = stream(world.seed, "register")
    source_rows(rows)
    rows.add("authority", *world.authority, "UNKNOWN")
    titles = [_setting_row(world, rows, random, number) for number in range(world.practices + world.schools)]
    _authority_contacts(world, rows, random)
    for number, agency in enumerate(AGENCIES):
        suspended = world.calendar.moment(12) if agency.suspended else None
        _agency_row(world, rows, number, f"{world.authority.name} {agency.name}", agency.kind, agency.sensitive,
                    accredited_until=world.calendar.day(-agency.accredited_for), suspended_at=suspended)  # fmt: skip
        _agency_contacts(world, rows, random, number, agency.kind)
    for place, title in enumerate(titles):
        kind = "health" if place < world.practices else "education"
        _agency_row(world, rows, len(AGENCIES) + place, title, kind, False,
                    accredited_until=world.calendar.day(-90 - place % 600), suspended_at=None)  # fmt: skip
        _agency_contacts(world, rows, random, len(AGENCIES) + place, kind)
    council = world.places.address(world.slices * ADDRESSES_IN_A_SLICE)
    rows.add(
        "carer", world.id(CARER, CORPORATE_PARENT), f"{world.authority.name} Council (corporate parent)",
        council.lines, council.postcode, council.uprn, telephone(random), "corporate.parent@council.example",
        "local-directory", world.calendar.moment(900), world.calendar.moment(30),
    )  # fmt: skip
    return rows


def practitioner_blocks(world: World) -> int:
    """Return into how many blocks the practitioners are cut."""
    return -(-world.practitioners // PRACTITIONERS_IN_A_BLOCK)


def practitioner_rows(world: World, block: int) -> Rows:
    """Return a block of practitioners with their registrations, so that nearly all of them may ask."""
    rows = Rows()
    random = stream(world.seed, "practitioners", block)
    first = block * PRACTITIONERS_IN_A_BLOCK
    for pool in world.pools.values():
        for number in range(max(first, pool.first), min(first + PRACTITIONERS_IN_A_BLOCK, pool.first + pool.size)):
            _practitioner_row(world, rows, random, pool, number)
    return rows


def _practitioner_row(world: World, rows: Rows, random: Random, pool: Pool, number: int) -> None:
    name = adult_name(random)
    standing = _STANDINGS.draw(random)
    agency = world.id(AGENCY, pool.agency_of(number))
    tag = "demo" if world.demo else world.authority.legacy_code
    person = None if standing == "none" else f"p-{tag}-{number:06d}"
    email = f"{name.lower().replace(' ', '.').replace(chr(39), '')}.{number}@agency.example"
    rows.add(
        "practitioner", world.id(PRACTITIONER, number), person, name, pool.post.title, agency, telephone(random), email
    )
    trained = -10 if standing == "training-lapsed" else 5 + int(random.random() * 720)
    checked = 1_200 if standing == "check-lapsed" else int(random.random() * 1_000)
    if person is not None:
        day = world.calendar.day
        suspended = world.calendar.moment(8) if standing == "suspended" else None
        rows.add(
            "registration", person, pool.post.role, name, agency, day(-trained), day(checked), suspended, None, None
        )


def _setting_row(world: World, rows: Rows, random: Random, number: int) -> str:
    use = world.use_of(number)
    stem, end = STEMS[int(random.random() * len(STEMS))], _ENDS[number % len(_ENDS)]
    title = f"{stem} {end} {random.choice(_NAMES[use])}"
    school = number - world.practices
    place = world.places.address(world.slices * ADDRESSES_IN_A_SLICE + 1 + number)
    confirmed = int(random.random() ** 3 * 700) + 1
    rows.add(
        "setting",
        world.id(SETTING, number),
        _KINDS[use],
        title,
        *(_practice_codes(world, number) if use == "gp" else _school_codes(world, school)),
        world.calendar.day(1_000 + int(random.random() * 9_000)),
        place.lines,
        place.postcode,
        telephone(random),
        f"office@setting{number}.example",
        world.authority.code,
        "local-directory",
        world.calendar.moment(confirmed + 300),
        world.calendar.moment(confirmed),
    )
    return title


_ENDS = ("Bank", "Bridge", "End", "Fold", "Gate", "Head", "Hey", "Hill", "Lea", "Side", "Vale", "View")


def _practice_codes(world: World, number: int) -> tuple[str | None, ...]:
    # No practice of England has a code that begins with X.
    return None, None, None, f"X{(world.slot * PRACTICES_IN_A_SLOT + number) % 100_000:05d}"


def _school_codes(world: World, school: int) -> tuple[str | None, ...]:
    # The register of establishments gives no URN from 700000, no UKPRN from 90000000 and no establishment from 9000.
    urn = 700_000 + (world.slot * SCHOOLS_IN_A_SLOT + school) % 300_000
    laestab = f"{world.authority.legacy_code}{9000 + school}" if school < 1000 else None
    return str(urn), str(90_000_000 + urn), laestab, None


def _agency_row(
    world: World,
    rows: Rows,
    number: int,
    name: str,
    kind: str,
    sensitive: bool,
    *,
    accredited_until: str,
    suspended_at: str | None,
) -> None:
    rows.add("agency", world.id(AGENCY, number), name, kind, world.authority.code, None, sensitive, accredited_until,
             suspended_at)  # fmt: skip


def _authority_contacts(world: World, rows: Rows, random: Random) -> None:
    for position, (role, team, hours) in enumerate(_AUTHORITY_CONTACTS):
        name = team or f"{'Dr ' if role == 'DESIGNATED_DOCTOR' else ''}{adult_name(random)}"
        email = f"{role.lower()}@{world.authority.code.lower()}.example"
        rows.add("safeguarding_contact", world.authority.code, None, role, name, telephone(random), email, hours,
                 position)  # fmt: skip


def _agency_contacts(world: World, rows: Rows, random: Random, number: int, kind: str) -> None:
    roles: Iterator[str] = iter(_AGENCY_CONTACTS.get(kind, ("DESIGNATED_SAFEGUARDING_LEAD",)))
    for position, role in enumerate(roles):
        rows.add("safeguarding_contact", None, world.id(AGENCY, number), role, adult_name(random), telephone(random),
                 f"{role.lower()}@agency{number}.example", None, position)  # fmt: skip
