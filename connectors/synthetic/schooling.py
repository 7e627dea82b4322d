"""Which settings a child belongs to: nursery, school, college, home and GP practice, each with its dates."""

from connectors.synthetic.calendar import reception_year
from connectors.synthetic.household import Draft, Household
from connectors.synthetic.rows import NULL
from connectors.synthetic.slice import Slice

FIRST_SCHOOL_AGE, LEAVING_AGE = 5, 16


def setting_rows(part: Slice, household: Household, child: Draft) -> str | None:
    """Add a child's settings and return its school, if it has one; siblings mostly go to the same."""
    _practice(part, household, child)
    if household.shape == "home":
        _link(part, child, _choose(part, "home", household.school_choice), since=part.calendar.day(child.age_days // 9))
    if child.years < FIRST_SCHOOL_AGE:
        _nursery(part, household, child)
        return None
    if child.years > LEAVING_AGE:
        _college(part, household, child)
        return None
    return _school(part, household, child)


def school_start(part: Slice, child: Draft) -> str:
    """Return the day a child of school age began school."""
    return f"{reception_year(part.calendar.born(child.age_days))}-09-01"


def _practice(part: Slice, household: Household, child: Draft) -> None:
    random = part.random.random
    chance = random()
    if chance > 0.98:
        return
    practice = _choose(part, "gp", household.practice_choice if random() < 0.97 else random())
    _link(part, child, practice, since=part.calendar.day(child.age_days - 1), source="gp-registration")
    if chance < 0.003:
        other = _choose(part, "gp", random())
        if other != practice:
            _link(part, child, other, since=part.calendar.day(int(random() * child.age_days)), source="gp-registration")


def _nursery(part: Slice, household: Household, child: Draft) -> None:
    if part.random.random() < (0.0, 0.15, 0.45, 0.8, 0.9)[child.years]:
        since = part.calendar.day(int(part.random.random() * min(child.age_days, 400)))
        _link(part, child, _choose(part, "nursery", household.school_choice), since=since)


def _college(part: Slice, household: Household, child: Draft) -> None:
    if part.random.random() < 0.82:
        started = f"{reception_year(part.calendar.born(child.age_days)) + 12}-09-01"
        college = _choose(part, "college", household.school_choice)
        _link(part, child, college, since=started, known=part.calendar.has_come(started))


def _school(part: Slice, household: Household, child: Draft) -> str | None:
    random = part.random.random
    chance, choice = random(), household.school_choice if random() < 0.85 else random()
    began = reception_year(part.calendar.born(child.age_days))
    primary, secondary = f"{began}-09-01", f"{began + 7}-09-01"
    if chance < 0.03:
        school = _choose(part, "special" if chance < 0.024 else "alternative", choice)
        _link(part, child, school, since=primary if part.calendar.has_come(primary) else NULL)
        return school
    moved_up = part.calendar.has_come(secondary)
    use, since = ("secondary", secondary) if moved_up else ("primary", primary)
    if chance > 0.95:
        # Missing education: some have a school in their past, none has one now.
        if chance > 0.975:
            ended = part.calendar.day(int(random() * 80))
            _link(part, child, _choose(part, use, choice), since=since, until=max(since, ended))
        return None
    if chance < 0.3:
        former = _choose(part, "primary", choice)
        _link(part, child, former, since=primary, until=f"{began + 7}-07-20", known=moved_up)
    school = _choose(part, use, choice)
    _link(part, child, school, since=since)
    return school


def _choose(part: Slice, use: str, choice: float) -> str:
    settings = part.world.settings[use]
    return settings[int(choice * len(settings))]


def _link(
    part: Slice,
    child: Draft,
    setting: str,
    *,
    since: str,
    until: str = NULL,
    source: str = "school-census",
    known: bool = True,
) -> None:
    """Add a link, unless it is not known yet; chance is drawn all the same, so that no draw depends on the day."""
    asserted = part.asserted(child.age_days)
    if known:
        part.rows["child_setting"].append(f"{child.id}\t{setting}\t{since}\t{until}\t{source}\t{asserted}")
