"""A slice filled with families until there is no more room: the rows of two thousand children."""

from connectors.synthetic.children import carer_rows, child_rows, duplicate_rows
from connectors.synthetic.household import Draft, Household
from connectors.synthetic.rows import NULL, Rows
from connectors.synthetic.schooling import setting_rows
from connectors.synthetic.services import adult_service_rows, involvement_rows
from connectors.synthetic.slice import Slice, draft_household
from connectors.synthetic.world import World

REVIEW_AFTER = 182
"""Days after which a shield is to be reviewed (domain rule H2)."""
_ASKERS = ("carer", "refuge", "practitioner", "gp", "child")


def slice_rows(world: World, number: int) -> Rows:
    """Return every row of one slice; two calls with equal worlds return the same, in any process."""
    part = Slice(world, number)
    while part.room:
        household = draft_household(part)
        carer_rows(part, household)
        for child in household.children:
            child_rows(part, household, child)
            school = setting_rows(part, household, child)
            involvement_rows(part, household, child, school=school)
            if household.shielded is not None:
                _shield(part, child, household.shielded)
        adult_service_rows(part, household)
        _duplicates(part)
    for (child_id, practitioner), declared in part.conflicts.items():
        lifted = part.calendar.moment(declared // 2) if declared > 200 else NULL
        part.rows["conflict"].append(f"{child_id}\t{practitioner}\t{part.calendar.moment(declared + 1)}\t{lifted}")
    return part.rows


def _duplicates(part: Slice) -> None:
    pending: list[tuple[Household, Draft]] = part.duplicates[: part.room]
    part.duplicates.clear()
    for household, original in pending:
        duplicate_rows(part, household, original)


def _shield(part: Slice, child: Draft, status: str) -> None:
    """Add a shield; an active one may be overdue for review, which does not end it."""
    random, moment = part.random.random, part.calendar.moment
    low, width = {"active": (8, 190), "provisional": (1, 6), "lifted": (200, 500)}[status]
    requested = min(low + int(random() * width), child.age_days - 1)
    decided = NULL if status == "provisional" else moment(max(1, requested - 5))
    lifted = moment(max(1, int(requested * 0.3))) if status == "lifted" else NULL
    asker = _ASKERS[int(random() * len(_ASKERS))]
    part.rows["shield"].append(
        f"{part.shields.take()}\t{child.id}\t{child.id}\t{asker}\t{moment(requested)}\t{decided}\t"
        f"{part.calendar.day(requested - REVIEW_AFTER)}\t{lifted}"
    )
