"""The rows that say who a child is and who cares for it: child, names, addresses, identifiers, carers."""

from connectors.synthetic.calendar import reception_year
from connectors.synthetic.household import Adult, Draft, Household
from connectors.synthetic.names import family_name
from connectors.synthetic.numbers import former_nhs_number, nhs_number, upn
from connectors.synthetic.places import Address
from connectors.synthetic.register import CORPORATE_PARENT
from connectors.synthetic.rows import NULL
from connectors.synthetic.slice import Slice, search_key_row
from connectors.synthetic.world import CARER, CHILD

DUPLICATES = 0.005
"""Share of children of whom another source holds a record of its own."""


def carer_rows(part: Slice, household: Household) -> None:
    """Add the carers of a family; who lives away has an address of their own."""
    random = part.random
    for number, adult in enumerate(household.adults):
        adult.id = part.carers.take()
        home = part.address() if adult.away else household.address
        reach = f"{adult.given}.{adult.family}{int(random.random() * 90) + 10}@mail.example".lower().replace("'", "")
        # The numbers are the range that Ofcom sets apart for fiction.
        part.rows["carer"].append(
            f"{adult.id}\t{adult.name}\t{home.lines}\t{home.postcode}\t{home.uprn}\t"
            f"07700 900{int(random.random() * 1000):03d}\t{reach if random.random() < 0.8 else NULL}\t"
            f"{'gp-registration' if number else 'local-directory'}\t{part.asserted(3000)}"
        )


def child_rows(part: Slice, household: Household, child: Draft) -> None:
    """Add a child, what it was called and where it lived before, and its links to carers."""
    random = part.random
    moved = _moved(part, household, child)
    standing, status = _standing(part, child), _address_status(part)
    if standing[0] != "live" and status == "CURRENT":
        status = "LAST_KNOWN"
    home = None if status == "NO_KNOWN_ADDRESS" else household.address
    address = f"{{}}\t{NULL}\t{NULL}" if home is None else f"{home.lines}\t{home.postcode}\t{home.uprn}"
    since = NULL if home is None else part.calendar.day(child.age_days if moved is None else moved)
    part.rows["child"].append(
        f"{child.id}\t{child.id}\t{part.world.authority.code}\t{standing[0]}\t{standing[1]}\t{standing[2]}\t"
        f"{child.given}\t{child.family}\tnhs-demographics\t{part.asserted(child.age_days)}\t"
        f"{part.calendar.day(child.age_days)}\t{child.gender}\tnhs-demographics\t{part.asserted(child.age_days)}\t"
        f"{address}\t{status}\t{since}\t{'gp-registration' if random.random() < 0.6 else 'electoral-roll'}\t"
        f"{part.asserted(child.age_days)}\t{_identifiers(part, child)}"
    )
    postcode = None if home is None else home.postcode
    search_key_row(part, child, given=child.given, family=child.family, former=False, postcode=postcode)
    if random.random() < (0.4 if household.shielded or household.shape == "adoptive" else 0.034):
        _former_name(part, household, child, postcode=postcode)
    for adult in household.adults:
        if adult.cares_for(child):
            _carer_link(part, household, child, adult)
    if household.looked_after:
        _corporate_parent(part, child)
    if random.random() < DUPLICATES:
        part.duplicates.append((household, child))


def duplicate_rows(part: Slice, household: Household, original: Draft) -> None:
    """Add the record another source holds of a child, linked to the same identity: no NHS number, an older address."""
    random = part.random
    number = part.child()
    child = Draft(
        id=part.world.id(CHILD, number), number=number, given=original.given, family=original.family,
        gender=original.gender, age_days=original.age_days, years=original.years, youngest=original.youngest,
    )  # fmt: skip
    home = part.address() if random.random() < 0.5 else household.address
    day, age = part.calendar.day, child.age_days
    part.rows["child"].append(
        f"{child.id}\t{original.id}\t{part.world.authority.code}\tlive\t{NULL}\t{NULL}\t"
        f"{child.given}\t{child.family}\tsocial-care\t{part.asserted(age)}\t"
        f"{day(age)}\t{child.gender}\tsocial-care\t{part.asserted(age)}\t"
        f"{home.lines}\t{home.postcode}\t{home.uprn}\tCURRENT\t{NULL}\tsocial-care\t{part.asserted(age)}\t"
        + "\t".join([NULL] * 8)
    )
    search_key_row(part, child, given=child.given, family=child.family, former=False, postcode=home.postcode)
    grade = "CERTAIN" if home is household.address else "PROBABLE"
    reasons = "FAMILY_NAME_EQUAL,GIVEN_NAME_EQUAL,DATE_OF_BIRTH_EQUAL"
    linked = part.calendar.moment(1 + int(random.random() * min(300, age - 1)))
    part.rows["child_link"].append(
        f"{child.id}\t{original.id}\t{grade}\t{{{reasons}}}\t{linked}\tlocal-directory\t{child.id}"
    )


def _standing(part: Slice, child: Draft) -> tuple[str, str, str]:
    chance = part.random.random()
    if chance > 0.0065:
        return "live", NULL, NULL
    if chance < 0.0005:
        return "deceased", NULL, NULL
    left = int(part.random.random() * min(700, child.age_days))
    return "left-england", part.calendar.day(left), "t" if chance < 0.0035 else "f"


def _address_status(part: Slice) -> str:
    chance = part.random.random()
    if chance < 0.003:
        return "NO_KNOWN_ADDRESS"
    return "LAST_KNOWN" if chance < 0.01 else "CURRENT"


def _identifiers(part: Slice, child: Draft) -> str:
    slot, random = part.world.slot, part.random
    nhs = nhs_number(child.number, slot=slot) if random.random() < 0.988 else None
    former = former_nhs_number(child.number, slot=slot) if random.random() < 0.011 else None
    pupil = None
    if random.random() < 0.975 and child.years >= 5:
        year = reception_year(part.calendar.born(child.age_days))
        pupil = upn(child.number, authority=part.world.authority.legacy_code, year=year, slot=slot)
    if nhs is not None and former is not None:
        moment = part.calendar.moment(1 + int(random.random() * (child.age_days - 1)))
        part.rows["child_superseded_identifier"].append(f"{child.id}\tnhs-number\t{former}\t{moment}\tnhs-demographics")
    return f"{_identifier(part, child, nhs, 'nhs-demographics')}\t{_identifier(part, child, pupil, 'school-census')}"


def _identifier(part: Slice, child: Draft, value: str | None, source: str) -> str:
    if value is None:
        return f"{NULL}\t{NULL}\t{NULL}\t{NULL}"
    return f"{value}\t{source}\t{part.asserted(child.age_days)}"


def _moved(part: Slice, household: Household, child: Draft) -> int | None:
    """Add where a child lived before, if anywhere, and return how many days ago it came to live where it does."""
    random = part.random
    if random.random() > (0.9 if household.shielded or household.looked_after else 0.28):
        return None
    latest = int(random.random() * min(child.age_days - 1, 2_500))
    until, moves = latest, 2 if random.random() < 0.2 else 1
    for move in range(moves):
        start = child.age_days if move == moves - 1 else until + int(random.random() * (child.age_days - until))
        _former_address(part, child, part.address(), since=start, until=until)
        until = start
    return latest


def _former_address(part: Slice, child: Draft, home: Address, *, since: int, until: int) -> None:
    day = part.calendar.day
    part.rows["child_former_address"].append(
        f"{child.id}\t{home.lines}\t{home.postcode}\t{home.uprn}\t{day(since)}\t{day(until)}\tgp-registration\t"
        f"{part.asserted(child.age_days)}"
    )


def _former_name(part: Slice, household: Household, child: Draft, *, postcode: str | None) -> None:
    random = part.random
    former = family_name(random, origin=household.origin)
    until = int(random.random() * min(child.age_days - 1, 3_000))
    day = part.calendar.day
    part.rows["child_former_name"].append(
        f"{child.id}\t{child.given}\t{former}\t{day(child.age_days)}\t{day(until)}\tnhs-demographics\t"
        f"{part.asserted(child.age_days)}"
    )
    search_key_row(part, child, given=child.given, family=former, former=True, postcode=postcode)


def _carer_link(part: Slice, household: Household, child: Draft, adult: Adult) -> None:
    random = part.random
    since = child.age_days
    if adult.relationship in {"FOSTER_CARER", "STEP_PARENT", "ADOPTIVE_PARENT", "SPECIAL_GUARDIAN", "AUNT_OR_UNCLE"}:
        since = int(random.random() * child.age_days)
    # A parent whom a shielded family fled from may still be on record as a carer of former days.
    fled = adult.away and household.shielded is not None and random.random() < 0.7
    until = part.calendar.day(int(random.random() * since)) if fled else NULL
    part.rows["child_carer"].append(
        f"{child.id}\t{adult.id}\t{adult.relationship}\t{'t' if adult.responsible else 'f'}\t"
        f"{part.calendar.day(since)}\t{until}\tlocal-directory\t{part.asserted(child.age_days)}"
    )


def _corporate_parent(part: Slice, child: Draft) -> None:
    council = part.world.id(CARER, CORPORATE_PARENT)
    since = part.calendar.day(int(part.random.random() * child.age_days))
    part.rows["child_carer"].append(
        f"{child.id}\t{council}\tCORPORATE_PARENT\tt\t{since}\t{NULL}\tsocial-care\t{part.asserted(child.age_days)}"
    )
