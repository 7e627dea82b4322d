"""The small worlds of the scene across borders: three authorities, their staff, and children of one and two."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import asyncpg

from connectors.synthetic.demo_cast import NEIGHBOURS, TRAFFORD, born
from connectors.synthetic.generate import write_shared
from connectors.synthetic.loading import replace_rows
from connectors.synthetic.rows import Rows
from connectors.synthetic.story_rows import StoryRows
from connectors.synthetic.world import source_rows

ASKING: Final = TRAFFORD
HOLDING: Final = NEIGHBOURS[0]
SILENT: Final = NEIGHBOURS[1]
BORDER_AUTHORITIES: Final = (ASKING, HOLDING, SILENT)
NURSE: Final = "nurse.adeyemi"
NURSE_NAME: Final = "Ruth Adeyemi"
REASON: Final = "In A&E with a broken wrist; nobody here knows the family"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What the nurse has of the child."""

    given_name: str = "Leila"
    family_name: str = "Haddad"

    def date_of_birth(self, today: date) -> date:
        """Return the day on which the child was born, so that she is eight."""
        return born(today, age=8, month=3, day=9)


KNOWN_NAME: Final = ("Jonah", "Reed")
KNOWN_NUMBER: Final = "9991230114"
"""The NHS number of the child whom two authorities know; the two records are linked by it."""

KNOWN_REASON: Final = "Brought in after a fall; who else works with him?"


def _id(kind: int, number: int) -> UUID:
    return UUID(int=(0xB0 << 120) + (kind << 96) + (4 << 76) + (2 << 62) + number)


async def load_border_world(database_url: str, authority: tuple[str, str, str], *, today: date) -> None:
    """Load or refresh one authority of the scene.

    Raises:
        asyncpg.PostgresError, OSError: The database failed; nothing was changed.
    """
    rows = _rows(authority, today)
    connection = await asyncpg.connect(database_url, timeout=10.0)
    try:
        async with connection.transaction():
            await write_shared(connection, rows)
            await connection.execute("DELETE FROM safeguarding_contact WHERE authority IS NOT NULL")
            await replace_rows(connection, rows)
    finally:
        await connection.close()


def _rows(authority: tuple[str, str, str], today: date) -> Rows:
    rows = Rows()
    source_rows(rows)
    told = StoryRows(today, rows, home=authority)
    for each in BORDER_AUTHORITIES:
        told.authority(*each)
    place = BORDER_AUTHORITIES.index(authority)
    hospital, social_care = _id(1, 10 * place), _id(1, 10 * place + 1)
    told.agency(hospital, "Hospital Trust", "health")
    told.agency(social_care, "Children's Social Care", "social-care")
    if authority == ASKING:
        told.registered(NURSE, "health-practitioner", NURSE_NAME, hospital)
        _known_here(told, hospital, today)
    if authority == HOLDING:
        _child(told, social_care, today)
        _known_there(told, social_care, today)
    return rows


def _child(told: StoryRows, social_care: UUID, today: date) -> None:
    home = ("14 Lantern Street", "Manchester", "M14 5RX")
    child, mother, school, worker = _id(2, 1), _id(3, 1), _id(4, 1), _id(5, 1)
    sought = Sought()
    told.child(child, (sought.given_name, sought.family_name), gender="FEMALE", birth=sought.date_of_birth(today),
               home=home, nhs_number="9991230106", upn="D352405021199")  # fmt: skip
    told.carer(mother, "Samira Haddad", home=home)
    told.cared_for(child, mother, "MOTHER")
    told.setting(school, "SCHOOL", "Lantern Street Primary School", urn="999911")
    told.attends(child, school, since=900)
    told.practitioner(worker, "Daniel Osei", "Social worker", social_care)
    told.involved(child, worker, social_care, "SOCIAL_CARE", since=90, leads=True)


def _known_here(told: StoryRows, hospital: UUID, today: date) -> None:
    """Tell what the asking authority knows of Jonah: his mother, his school and the school nurse."""
    child, mother, school, nurse = _id(2, 2), _id(3, 2), _id(4, 2), _id(5, 2)
    home = ("3 Kiln Lane", "Sale", "M33 9ZZ")
    _jonah(told, child, today, home)
    told.carer(mother, "Karen Reed", home=home)
    told.cared_for(child, mother, "MOTHER")
    told.setting(school, "SCHOOL", "Kiln Lane High School", urn="999912")
    told.attends(child, school, since=200)
    told.practitioner(nurse, "Amina Khan", "School nurse", hospital)
    told.involved(child, nurse, hospital, "SCHOOL_NURSING", since=150)


def _known_there(told: StoryRows, social_care: UUID, today: date) -> None:
    """Tell what the holding authority knows of Jonah: his father, a social worker, and a service that is sensitive."""
    child, father, worker, therapist, service = _id(2, 3), _id(3, 3), _id(5, 3), _id(5, 4), _id(1, 99)
    home = ("8 Canal Walk", "Manchester", "M1 9ZZ")
    _jonah(told, child, today, home)
    told.carer(father, "Peter Reed", home=home)
    told.cared_for(child, father, "FATHER")
    told.practitioner(worker, "Grace Mensah", "Social worker", social_care)
    told.involved(child, worker, social_care, "SOCIAL_CARE", since=60, leads=True)
    told.agency(service, "Child and Adolescent Mental Health Service", "health", sensitive=True)
    told.practitioner(therapist, "Iris Holt", "Therapist", service)
    told.consented(child, told.involved(child, therapist, service, "MENTAL_HEALTH", since=40, sensitive=True), given=39)


def _jonah(told: StoryRows, child: UUID, today: date, home: tuple[str, str, str]) -> None:
    told.child(child, KNOWN_NAME, gender="MALE", birth=born(today, age=12, month=5, day=21), home=home,
               nhs_number=KNOWN_NUMBER)  # fmt: skip
