"""The small world of the demonstration: some 300 generated children and the families of the stories.

Loading it again brings every date up to the day, so that the stories stay true, and leaves alone whatever else
has been recorded since: rows are updated in place, never removed and made anew, and the ledger is not touched.
"""

from datetime import date
from uuid import UUID

import asyncpg

from connectors.synthetic import demo_cast as cast
from connectors.synthetic.claim import clear_contacts
from connectors.synthetic.families import slice_rows
from connectors.synthetic.generate import write_shared
from connectors.synthetic.loading import replace_rows
from connectors.synthetic.register import practitioner_rows, register_rows
from connectors.synthetic.rows import Rows
from connectors.synthetic.story_rows import StoryRows
from connectors.synthetic.world import Authority, World

CHILDREN = 300
SEED = 7
LOCK = 0x64656D6F

_SALE = ("27 Kestrel Grove", "Sale", "M33 7QX")
_URMSTON = ("8 Walnut Close", "Urmston", "M41 5TR")
_STRETFORD = ("140 Foundry Street", "Stretford", "M32 8LW")
_ALTRINCHAM = ("3 Heron Court", "Altrincham", "WA14 4PD")
_TIMPERLEY = ("61 Briar Lane", "Timperley", "WA15 6HN")
_PARTINGTON = ("19 Canal Row", "Partington", "M31 4BJ")
_REFUGE = ("Harbour House", "Address held by the refuge", "M16 9ZW")


async def load_demo_world(database_url: str, *, today: date) -> None:
    """Load or refresh the demonstration in one transaction.

    Raises:
        asyncpg.PostgresError, OSError: The database failed; nothing was changed.
    """
    rows = demo_rows(today)
    connection = await asyncpg.connect(database_url, timeout=10.0)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await write_shared(connection, rows)
            for code, _, _ in (cast.TRAFFORD, *cast.NEIGHBOURS):
                await clear_contacts(connection, code)
            await replace_rows(connection, rows)
        await connection.execute("ANALYZE child, child_search_key, child_carer, child_setting, involvement")
    finally:
        await connection.close()


def demo_rows(today: date) -> Rows:
    """Return every row of the demonstration as it stands on a day."""
    world = World(authority=Authority(*cast.TRAFFORD), children=CHILDREN, seed=SEED, as_of=today, demo=True)
    rows = register_rows(world)
    for part in (practitioner_rows(world, 0), slice_rows(world, 0)):
        for table, lines in part.items():
            rows.setdefault(table, []).extend(lines)
    told = StoryRows(today, rows)
    for neighbour in cast.NEIGHBOURS:
        told.authority(*neighbour)
    _places(told)
    _personas(told)
    _emergency(told)
    _school_leaver(told)
    _shielded(told)
    _sensitive(told)
    _two_practices(told)
    return rows


def _places(told: StoryRows) -> None:
    for agency, name, kind in (
        (cast.DIRECTORY_TEAM, "Directory Team", "authority"),
        (cast.HOSPITAL, "Northbrook Hospital Trust", "health"),
        (cast.SOCIAL_CARE, "Children's Social Care", "social-care"),
        (cast.YOUTH_SERVICE, "Youth Service", "youth"),
        (cast.SCHOOL_STAFF, "Weaver High School", "education"),
        (cast.SCHOOL_NURSING, "School Nursing Service", "health"),
        (cast.REFUGE, "Harbour House Refuge", "voluntary"),
    ):
        told.agency(agency, name, kind)
    told.agency(cast.MENTAL_HEALTH, "Child and Adolescent Mental Health Service", "health", sensitive=True)
    told.agency(cast.CLINIC, "Young People's Sexual Health Clinic", "health", sensitive=True)
    told.agency(cast.SUBSTANCE_MISUSE, "Young People's Substance Misuse Service", "health", sensitive=True)
    told.setting(cast.LINDEN_PRIMARY, "SCHOOL", "Linden Vale Primary School", urn="999901")
    told.setting(cast.WEAVER_HIGH, "SCHOOL", "Weaver High School", urn="999902")
    told.setting(cast.ROWAN_SURGERY, "GP_PRACTICE", "Rowan Surgery", ods="X99901")
    told.setting(cast.MILL_LANE_PRACTICE, "GP_PRACTICE", "Mill Lane Medical Practice", ods="X99902")


def _personas(told: StoryRows) -> None:
    for number, persona in enumerate(cast.PERSONAS):
        if persona.role == "carer":
            continue
        told.registered(persona.person, persona.role, persona.name, persona.agency, lapsed=persona.key == "lapsed")
        if persona.key != "social-worker" and persona.role not in ("auditor", "policy-author"):
            told.practitioner(_staff(100 + number), persona.name, persona.title.split(",")[0].rstrip("."),
                              persona.agency, person=persona.person)  # fmt: skip


def _emergency(told: StoryRows) -> None:
    """Tell of Ayesha: her parents, her school nurse and the social worker who leads; and of a girl who is not she."""
    birth = _birth(told, "emergency")
    told.child(cast.AYESHA, ("Ayesha", "Rahmani"), gender="FEMALE", birth=birth, home=_SALE, nhs_number="9991230017",
               upn="Z358405021101")  # fmt: skip
    told.child(cast.ALEENA, ("Aleena", "Rahmani"), gender="FEMALE", birth=birth, home=_STRETFORD,
               nhs_number="9991230025", upn="N358405021102")  # fmt: skip
    told.carer(cast.NASREEN, "Nasreen Rahmani", home=_SALE)
    told.carer(cast.TARIQ, "Tariq Rahmani", home=_SALE)
    told.carer(_adult(4), "Rabia Rahmani", home=_STRETFORD)
    told.cared_for(cast.AYESHA, cast.NASREEN, "MOTHER")
    told.cared_for(cast.AYESHA, cast.TARIQ, "FATHER")
    told.cared_for(cast.ALEENA, _adult(4), "MOTHER")
    told.registered_carer("carer.rahmani", "Nasreen Rahmani", cast.DIRECTORY_TEAM, carer=cast.NASREEN)
    for child in (cast.AYESHA, cast.ALEENA):
        told.attends(child, cast.LINDEN_PRIMARY, since=1400)
        told.attends(child, cast.ROWAN_SURGERY, since=3000)
    told.practitioner(cast.AYESHAS_SOCIAL_WORKER, "Thandi Mbeki", "Social worker", cast.SOCIAL_CARE,
                      person="social.mbeki")  # fmt: skip
    told.practitioner(cast.AYESHAS_SCHOOL_NURSE, "Beth Calloway", "School nurse", cast.SCHOOL_NURSING)
    told.involved(cast.AYESHA, cast.AYESHAS_SCHOOL_NURSE, cast.SCHOOL_NURSING, "SCHOOL_NURSING", since=1400)
    told.involved(cast.AYESHA, cast.AYESHAS_SOCIAL_WORKER, cast.SOCIAL_CARE, "SOCIAL_CARE", since=160, leads=True,
                  assessed=True)  # fmt: skip
    told.involved(cast.ALEENA, cast.AYESHAS_SCHOOL_NURSE, cast.SCHOOL_NURSING, "SCHOOL_NURSING", since=1400)


def _school_leaver(told: StoryRows) -> None:
    """Tell of Callum, who has no setting but his GP."""
    told.child(cast.CALLUM, ("Callum", "Draycott"), gender="MALE", birth=_birth(told, "school-leaver"),
               home=_PARTINGTON, nhs_number="9991230033", upn="L358405015103")  # fmt: skip
    told.carer(_adult(5), "Donna Draycott", home=_PARTINGTON)
    told.cared_for(cast.CALLUM, _adult(5), "MOTHER")
    told.attends(cast.CALLUM, cast.WEAVER_HIGH, since=1700, until=150)
    told.attends(cast.CALLUM, cast.MILL_LANE_PRACTICE, since=5000)


def _shielded(told: StoryRows) -> None:
    """Tell of Grace, who fled with her mother, and of her brother, who lives with their grandmother unshielded."""
    told.child(cast.GRACE, ("Grace", "Whitlock"), gender="FEMALE", birth=_birth(told, "shielded"), home=_REFUGE,
               nhs_number="9991230041", upn="F358405020104", former="Tennant")  # fmt: skip
    told.child(cast.JAMIE, ("Jamie", "Tennant"), gender="MALE", home=_URMSTON, nhs_number="9991230068",
               birth=cast.born(told.today, age=14, month=1, day=17), upn="P358405015105")  # fmt: skip
    told.carer(cast.HELEN, "Helen Whitlock", home=_REFUGE)
    told.carer(_adult(6), "Edith Whitlock", home=_URMSTON)
    told.cared_for(cast.GRACE, cast.HELEN, "MOTHER")
    told.cared_for(cast.JAMIE, cast.HELEN, "MOTHER")
    told.cared_for(cast.JAMIE, _adult(6), "GRANDPARENT", responsible=False)
    told.attends(cast.GRACE, cast.LINDEN_PRIMARY, since=45)
    told.attends(cast.GRACE, cast.ROWAN_SURGERY, since=45)
    told.attends(cast.JAMIE, cast.WEAVER_HIGH, since=1100)
    told.attends(cast.JAMIE, cast.MILL_LANE_PRACTICE, since=4000)
    told.practitioner(_staff(3), "Wendy Marsh", "Refuge family worker", cast.REFUGE)
    told.involved(cast.GRACE, _staff(3), cast.REFUGE, "VOLUNTARY", since=44, leads=True)
    told.involved(cast.GRACE, cast.AYESHAS_SCHOOL_NURSE, cast.SCHOOL_NURSING, "SCHOOL_NURSING", since=40)
    told.shielded(cast.GRACE, requested=44)


def _sensitive(told: StoryRows) -> None:
    """Tell of Megan: two sensitive services with her consent, and a third whose consent she withdrew."""
    told.child(cast.MEGAN, ("Megan", "Oakes"), gender="FEMALE", birth=_birth(told, "sensitive"), home=_ALTRINCHAM,
               nhs_number="9991230076", upn="R358405024107")  # fmt: skip
    told.carer(_adult(7), "Philip Oakes", home=_ALTRINCHAM)
    told.cared_for(cast.MEGAN, _adult(7), "FATHER")
    told.attends(cast.MEGAN, cast.WEAVER_HIGH, since=1500)
    told.attends(cast.MEGAN, cast.ROWAN_SURGERY, since=5000)
    told.practitioner(_staff(4), "Ian Fairburn", "Children's therapist", cast.MENTAL_HEALTH)
    told.practitioner(_staff(5), "Carol Devlin", "Clinic nurse", cast.CLINIC)
    told.practitioner(_staff(6), "Dean Rourke", "Young people's worker", cast.SUBSTANCE_MISUSE)
    for staff, agency, service, withdrawn in (
        (_staff(4), cast.MENTAL_HEALTH, "MENTAL_HEALTH", None),
        (_staff(5), cast.CLINIC, "SEXUAL_HEALTH", None),
        (_staff(6), cast.SUBSTANCE_MISUSE, "SUBSTANCE_MISUSE", 10),
    ):
        involvement = told.involved(cast.MEGAN, staff, agency, service, since=130, sensitive=True)
        told.consented(cast.MEGAN, involvement, given=129, withdrawn=withdrawn)


def _two_practices(told: StoryRows) -> None:
    """Tell of Oliver, whom two practices have on their lists."""
    told.child(cast.OLIVER, ("Oliver", "Penhale"), gender="MALE", birth=_birth(told, "two-practices"), home=_TIMPERLEY,
               nhs_number="9991230084")  # fmt: skip
    told.carer(_adult(8), "Lowenna Penhale", home=_TIMPERLEY)
    told.cared_for(cast.OLIVER, _adult(8), "MOTHER")
    told.attends(cast.OLIVER, cast.ROWAN_SURGERY, since=1400)
    told.attends(cast.OLIVER, cast.MILL_LANE_PRACTICE, since=60)


def _birth(told: StoryRows, key: str) -> date:
    return next(story for story in cast.STORIES if story.key == key).date_of_birth(told.today)


def _adult(number: int) -> UUID:
    return UUID(f"de300000-0002-4000-8000-{number:012x}")


def _staff(number: int) -> UUID:
    return UUID(f"de300000-0004-4000-8000-{number:012x}")
