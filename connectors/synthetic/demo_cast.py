"""Who appears in the demonstration: fixed identifiers, the personas who ask, and what each story lets them find.

Everybody here is made up.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from gateway.ports import Criteria
from gateway.vocabulary import AgencyId, CarerId, ChildId, PersonId, PractitionerId, SettingId

TRAFFORD = ("E08000009", "358", "Trafford")
NEIGHBOURS = (
    ("E08000003", "352", "Manchester"),
    ("E08000006", "355", "Salford"),
    ("E08000007", "356", "Stockport"),
)


def _uuid(kind: int, number: int) -> UUID:
    return UUID(f"de300000-{kind:04x}-4000-8000-{number:012x}")


AYESHA = ChildId(_uuid(1, 1))
ALEENA = ChildId(_uuid(1, 2))
CALLUM = ChildId(_uuid(1, 3))
GRACE = ChildId(_uuid(1, 4))
JAMIE = ChildId(_uuid(1, 5))
MEGAN = ChildId(_uuid(1, 6))
OLIVER = ChildId(_uuid(1, 7))

NASREEN = CarerId(_uuid(2, 1))
TARIQ = CarerId(_uuid(2, 2))
HELEN = CarerId(_uuid(2, 3))

LINDEN_PRIMARY = SettingId(_uuid(3, 1))
WEAVER_HIGH = SettingId(_uuid(3, 2))
ROWAN_SURGERY = SettingId(_uuid(3, 3))
MILL_LANE_PRACTICE = SettingId(_uuid(3, 4))

DIRECTORY_TEAM = AgencyId(_uuid(5, 1))
HOSPITAL = AgencyId(_uuid(5, 2))
SOCIAL_CARE = AgencyId(_uuid(5, 3))
YOUTH_SERVICE = AgencyId(_uuid(5, 4))
SCHOOL_STAFF = AgencyId(_uuid(5, 5))
SCHOOL_NURSING = AgencyId(_uuid(5, 6))
REFUGE = AgencyId(_uuid(5, 7))
MENTAL_HEALTH = AgencyId(_uuid(5, 8))
CLINIC = AgencyId(_uuid(5, 9))
SUBSTANCE_MISUSE = AgencyId(_uuid(5, 10))

AYESHAS_SOCIAL_WORKER = PractitionerId(_uuid(4, 1))
AYESHAS_SCHOOL_NURSE = PractitionerId(_uuid(4, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody the demonstration can sign in as; `purpose` and `reason` are what they would give first."""

    key: str
    person: PersonId
    name: str
    role: str
    agency: AgencyId
    title: str
    purpose: str
    reason: str


PERSONAS = (
    Persona(
        key="nurse",
        person=PersonId("nurse.okafor"),
        name="Ngozi Okafor",
        role="health-practitioner",
        agency=HOSPITAL,
        title="A nurse in the emergency department of Northbrook Hospital.",
        purpose="direct-support",
        reason="A child arrived by ambulance without an adult; I need to reach those who care for her.",
    ),
    Persona(
        key="youth-worker",
        person=PersonId("youth.brennan"),
        name="Tom Brennan",
        role="youth-practitioner",
        agency=YOUTH_SERVICE,
        title="A youth worker who meets young people out of school.",
        purpose="direct-support",
        reason="A young man I support asked me to help him see his doctor.",
    ),
    Persona(
        key="teacher",
        person=PersonId("teacher.lindqvist"),
        name="Sara Lindqvist",
        role="education-practitioner",
        agency=SCHOOL_STAFF,
        title="A teacher and designated safeguarding lead at Weaver High School.",
        purpose="early-help",
        reason="A pupil is often absent; I want to know who already supports the family.",
    ),
    Persona(
        key="social-worker",
        person=PersonId("social.mbeki"),
        name="Thandi Mbeki",
        role="social-worker",
        agency=SOCIAL_CARE,
        title="A social worker, involved with Ayesha.",
        purpose="safeguarding-enquiry",
        reason="Enquiry after the front door passed on a report about the family.",
    ),
    Persona(
        key="directory-team",
        person=PersonId("directory.price"),
        name="Alun Price",
        role="directory-team",
        agency=DIRECTORY_TEAM,
        title="A member of the authority's directory team, who brokers contact.",
        purpose="brokering",
        reason="A practitioner asked to be put in touch with a service.",
    ),
    Persona(
        key="lapsed",
        person=PersonId("nurse.hartley"),
        name="Joan Hartley",
        role="health-practitioner",
        agency=HOSPITAL,
        title="A nurse whose training lapsed yesterday.",
        purpose="direct-support",
        reason="A child on my ward; I need to reach the school nurse.",
    ),
    Persona(
        key="carer",
        person=PersonId("carer.rahmani"),
        name="Nasreen Rahmani",
        role="carer",
        agency=DIRECTORY_TEAM,
        title="Ayesha's mother, who sees her own record and who looked at it.",
        purpose="subject-access",
        reason="I want to see what is held about us.",
    ),
    Persona(
        key="auditor",
        person=PersonId("auditor.cole"),
        name="Marian Cole",
        role="auditor",
        agency=DIRECTORY_TEAM,
        title="An auditor, who sees the log and not the directory.",
        purpose="review",
        reason="Monthly review of access.",
    ),
    Persona(
        key="policy-author",
        person=PersonId("policy.finch"),
        name="Robin Finch",
        role="policy-author",
        agency=DIRECTORY_TEAM,
        title="Who writes the policies and tries them on made-up classes.",
        purpose="policy-testing",
        reason="Trying a new rule.",
    ),
)


def born(today: date, *, age: int, month: int, day: int) -> date:
    """Return the date of birth of somebody who is so old today and has a birthday on a fixed day."""
    had_birthday = (today.month, today.day) >= (month, day)
    return date(today.year - age - (0 if had_birthday else 1), month, day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One thing the demonstration shows: who asks, about whom, and what to search by."""

    key: str
    title: str
    persona: str
    child: ChildId
    given_name: str
    family_name: str
    age: int
    birthday: tuple[int, int]
    others: tuple[ChildId, ...] = ()
    """Further children who belong to the story: a distractor, a sibling."""

    def date_of_birth(self, today: date) -> date:
        """Return the child's date of birth."""
        return born(today, age=self.age, month=self.birthday[0], day=self.birthday[1])

    def criteria(self, today: date) -> Criteria:
        """Return what the persona knows of the child."""
        return Criteria(
            given_name=self.given_name, family_name=self.family_name, date_of_birth=self.date_of_birth(today)
        )


STORIES = (
    Story(
        key="emergency",
        title="A name and a date of birth lead to parents, school nurse and social worker.",
        persona="nurse",
        child=AYESHA,
        given_name="Ayesha",
        family_name="Rahmani",
        age=9,
        birthday=(3, 14),
        others=(ALEENA,),
    ),
    Story(
        key="school-leaver",
        title="A young man of 16 who left school still has a GP.",
        persona="youth-worker",
        child=CALLUM,
        given_name="Callum",
        family_name="Draycott",
        age=16,
        birthday=(2, 9),
    ),
    Story(
        key="shielded",
        title="A shielded girl: name and carer at most; her brother's record must not lead to her.",
        persona="teacher",
        child=GRACE,
        given_name="Grace",
        family_name="Whitlock",
        age=11,
        birthday=(6, 21),
        others=(JAMIE,),
    ),
    Story(
        key="sensitive",
        title="Three sensitive services: two with consent, one whose consent was withdrawn.",
        persona="teacher",
        child=MEGAN,
        given_name="Megan",
        family_name="Oakes",
        age=15,
        birthday=(9, 30),
    ),
    Story(
        key="lapsed",
        title="The training of the one who asks lapsed yesterday: nothing is told.",
        persona="lapsed",
        child=AYESHA,
        given_name="Ayesha",
        family_name="Rahmani",
        age=9,
        birthday=(3, 14),
    ),
    Story(
        key="two-practices",
        title="A boy registered with two GP practices at once.",
        persona="nurse",
        child=OLIVER,
        given_name="Oliver",
        family_name="Penhale",
        age=4,
        birthday=(8, 5),
    ),
)
