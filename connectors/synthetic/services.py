"""Who works with a child: universal services for nearly all, additional ones for three in ten, sensitive for few."""

from functools import cache

from connectors.synthetic.draw import Skewed
from connectors.synthetic.household import Draft, Household
from connectors.synthetic.rows import NULL
from connectors.synthetic.schooling import school_start
from connectors.synthetic.slice import Slice
from connectors.synthetic.workforce import adult_service
from connectors.synthetic.world import AGENCY, PRACTITIONER

WITH_ADDITIONAL_SERVICES = 0.30
SENSITIVE = frozenset({"SEXUAL_HEALTH", "MENTAL_HEALTH", "SUBSTANCE_MISUSE"})
ADULT_SERVICES = Skewed(
    {"ADULT_MENTAL_HEALTH": 40.0, "ADULT_SUBSTANCE_MISUSE": 22.0, "DOMESTIC_ABUSE": 23.0, "DISABILITY": 15.0}
)

_ADDITIONAL = {
    "PAEDIATRICS": (22.0, 0, 17),
    "SOCIAL_CARE": (15.0, 0, 17),
    "EARLY_HELP": (18.0, 0, 17),
    "EDUCATION_WELFARE": (9.0, 5, 16),
    "SPECIAL_EDUCATIONAL_NEEDS": (17.0, 3, 17),
    "YOUTH_SUPPORT": (9.0, 13, 17),
    "YOUTH_JUSTICE": (3.0, 11, 17),
    "POLICE": (3.0, 0, 17),
    "VOLUNTARY": (10.0, 0, 17),
    "GENERAL_PRACTICE": (6.0, 0, 17),
    "MENTAL_HEALTH": (9.0, 7, 17),
    "SEXUAL_HEALTH": (3.0, 13, 17),
    "SUBSTANCE_MISUSE": (2.5, 12, 17),
}
"""Weight, youngest and eldest age of each additional service."""

_COUNTS = Skewed({1: 11.0, 2: 18.0, 3: 24.0, 4: 20.0, 5: 14.0, 6: 8.0, 7: 5.0})
_CONSENTS = Skewed(
    {"given": 73.0, "withdrawn": 9.0, "given-again": 4.0, "expired": 6.0, "significant-harm": 7.0, "none": 1.0}
)
_SCOPES = Skewed({"practitioners": 55.0, "broker": 30.0, "record-only": 15.0})


@cache
def _additional_at(years: int) -> Skewed[str]:
    return Skewed({word: weight for word, (weight, low, high) in _ADDITIONAL.items() if low <= years <= high})


def involvement_rows(part: Slice, household: Household, child: Draft, *, school: str | None) -> None:
    """Add every involvement with a child, their consents, and a conflict of interest for a few."""
    _universal(part, child, school=school)
    random = part.random
    words: set[str] = set()
    if random.random() < WITH_ADDITIONAL_SERVICES or household.looked_after:
        table = _additional_at(child.years)
        words = {table.draw(random) for _ in range(_COUNTS.draw(random))}
    if household.looked_after:
        words |= {"SOCIAL_CARE", "YOUTH_SUPPORT"} if child.years >= 16 else {"SOCIAL_CARE"}
    # Sorted, because the order of a set of words differs from one process to the next.
    _additional(part, household, child, sorted(words))


def adult_service_rows(part: Slice, household: Household) -> None:
    """Add, for a few families, an adult service that works with a carer (domain rule D8), once for each child."""
    random = part.random
    if random.random() > 0.018:
        return
    post = ADULT_SERVICES.draw(random)
    adult = household.adults[-1]
    for child in household.children:
        if adult.cares_for(child):
            started = int(random.random() * min(900, child.age_days))
            involvement = _involvement(part, child, post, started=started, ended=None, carer=adult.id, sensitive=True)
            _consent(part, child, involvement, started=started, basis="carer-consent")


def _universal(part: Slice, child: Draft, *, school: str | None) -> None:
    random = part.random
    if child.years < 5:
        if random.random() < 0.96:
            _involvement(part, child, "HEALTH_VISITING", started=max(0, child.age_days - 12), ended=None)
        return
    if child.years <= 8 and random.random() < 0.8:
        _involvement(part, child, "HEALTH_VISITING", started=child.age_days - 12, ended=child.age_days - 1820)
    if child.years <= 16 and random.random() < 0.97:
        # One nurse looks after a whole school; a child without one has the authority's next.
        chosen = random.random() if school is None else int(school[-6:], 16) * 0.6180339887 % 1
        _involvement(part, child, "SCHOOL_NURSING", started=None, ended=None, chosen=chosen)


def _additional(part: Slice, household: Household, child: Draft, words: list[str]) -> None:
    random = part.random
    led = len(words) < 2 or random.random() > 0.55
    for word in words:
        looked_after = household.looked_after and word in {"SOCIAL_CARE", "YOUTH_SUPPORT"}
        started = 1 + int(random.random() * min(1_500, child.age_days - 1))
        ended = None if random.random() < 0.6 or looked_after else int(random.random() * started)
        sensitive = word in SENSITIVE
        leads = not led and ended is None and not sensitive
        led = led or leads
        assessed = word in {"EARLY_HELP", "SOCIAL_CARE"} and random.random() < 0.5
        involvement = _involvement(
            part, child, word, started=started, ended=ended, sensitive=sensitive, leads=leads, assessed=assessed
        )
        if sensitive:
            basis = "child-consent" if child.years >= 13 else "carer-consent"
            _consent(part, child, involvement, started=started, basis=basis)


def _involvement(
    part: Slice,
    child: Draft,
    post: str,
    *,
    started: int | None,
    ended: int | None,
    sensitive: bool = False,
    leads: bool = False,
    assessed: bool = False,
    carer: str = NULL,
    chosen: float | None = None,
) -> str:
    random, world, day = part.random, part.world, part.calendar.day
    pool = world.pools[post]
    number = pool.first + int((random.random() if chosen is None else chosen) * pool.size)
    practitioner = world.id(PRACTITIONER, number)
    involvement = part.involvements.take()
    began = school_start(part, child) if started is None else day(started)
    asserted = part.asserted(300 if started is None else max(2, started))
    part.rows["involvement"].append(
        f"{child.id}\t{involvement}\t{carer}\t{practitioner}\t{world.id(AGENCY, pool.agency_of(number))}\t"
        f"{adult_service(post)}\t{'t' if sensitive else 'f'}\t{began}\t{NULL if ended is None else day(ended)}\t"
        f"{'t' if leads else 'f'}\t{'t' if assessed else 'f'}\t{pool.post.source}\t{asserted}"
    )
    if random.random() < 0.0004:
        part.conflicts[child.id, practitioner] = int(random.random() * min(300, child.age_days))
    return involvement


def _consent(part: Slice, child: Draft, involvement: str, *, started: int, basis: str) -> None:
    random, moment = part.random, part.calendar.moment
    footing = _CONSENTS.draw(random)
    if footing == "none":
        return
    given, scope = moment(started + 1), _SCOPES.draw(random)
    expires = withdrawn = NULL
    if footing == "significant-harm":
        basis, scope = footing, "record-only"
    elif footing == "expired":
        expires = moment(int(random.random() * started))
    elif footing in {"withdrawn", "given-again"}:
        withdrawn = moment(1 + int(random.random() * started))
    elif random.random() < 0.5:
        expires = moment(-30 - int(random.random() * 600))
    rows = part.rows["involvement_consent"]
    rows.append(f"{child.id}\t{involvement}\t1\t{basis}\t{scope}\t{given}\t{expires}\t{withdrawn}")
    if footing == "given-again":
        rows.append(f"{child.id}\t{involvement}\t2\t{basis}\t{scope}\t{moment(1)}\t{NULL}\t{NULL}")
