"""Who works in a made-up authority: which agencies there are, and which practitioners each service has."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyKind:
    """An agency every made-up authority has; `accredited_for` is in days, negative for an accreditation that lapsed."""

    name: str
    kind: str
    sensitive: bool = False
    accredited_for: int = 400
    suspended: bool = False


AGENCIES = (
    AgencyKind(name="Council Directory Team", kind="authority"),
    AgencyKind(name="Children's Social Care", kind="social-care"),
    AgencyKind(name="Early Help Service", kind="social-care"),
    AgencyKind(name="Education Welfare and Inclusion", kind="education"),
    AgencyKind(name="Youth Service", kind="youth"),
    AgencyKind(name="Youth Justice Service", kind="youth"),
    AgencyKind(name="Police Public Protection Unit", kind="police"),
    AgencyKind(name="Community Health Trust", kind="health"),
    AgencyKind(name="School Nursing Service", kind="health"),
    AgencyKind(name="Hospital Trust", kind="health"),
    AgencyKind(name="Young Carers Together", kind="voluntary"),
    AgencyKind(name="Family Friends", kind="voluntary"),
    AgencyKind(name="Open Door Mentoring", kind="voluntary", accredited_for=-20),
    AgencyKind(name="Saturday Play Scheme", kind="voluntary", suspended=True),
    AgencyKind(name="Child and Adolescent Mental Health Service", kind="health", sensitive=True),
    AgencyKind(name="Young People's Sexual Health Clinic", kind="health", sensitive=True),
    AgencyKind(name="Young People's Substance Misuse Service", kind="health", sensitive=True),
    AgencyKind(name="Adult Mental Health Trust", kind="health", sensitive=True),
    AgencyKind(name="Adult Substance Misuse Service", kind="health", sensitive=True),
    AgencyKind(name="Domestic Abuse Service", kind="voluntary", sensitive=True),
    AgencyKind(name="Adult Disability Service", kind="social-care", sensitive=True),
)
"""In the order of their numbers; the practices and schools that are agencies of their own come after them."""

DIRECTORY_TEAM = 0
PRACTICES = -1
SCHOOLS = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A kind of post: what it provides, its share of all practitioners, and where it is held."""

    service: str
    share: float
    title: str
    role: str
    agencies: tuple[int, ...]
    source: str = "local-directory"


POSTS = (
    Post(service="HEALTH_VISITING", share=11, title="Health visitor", role="health-practitioner", agencies=(7,),
         source="community-health"),
    Post(service="SCHOOL_NURSING", share=8, title="School nurse", role="health-practitioner", agencies=(8,),
         source="community-health"),
    Post(service="GENERAL_PRACTICE", share=9, title="General practitioner", role="gp", agencies=(PRACTICES,),
         source="gp-registration"),
    Post(service="PAEDIATRICS", share=8, title="Paediatric nurse", role="health-practitioner", agencies=(9,),
         source="hospital-records"),
    Post(service="SOCIAL_CARE", share=13, title="Social worker", role="social-worker", agencies=(1,),
         source="social-care"),
    Post(service="EARLY_HELP", share=8, title="Early help worker", role="early-years-practitioner", agencies=(2,),
         source="early-help"),
    Post(service="EDUCATION_WELFARE", share=4, title="Education welfare officer", role="education-practitioner",
         agencies=(3,), source="education-records"),
    Post(service="SPECIAL_EDUCATIONAL_NEEDS", share=5, title="Inclusion officer", role="education-practitioner",
         agencies=(3,), source="education-records"),
    Post(service="YOUTH_SUPPORT", share=4, title="Youth worker", role="youth-practitioner", agencies=(4,),
         source="youth-records"),
    Post(service="YOUTH_JUSTICE", share=2, title="Youth justice officer", role="youth-practitioner", agencies=(5,),
         source="youth-records"),
    Post(service="POLICE", share=3, title="Child protection officer", role="police-child-protection", agencies=(6,)),
    Post(service="VOLUNTARY", share=6, title="Family support worker", role="voluntary-practitioner",
         agencies=(10, 11, 10, 11, 12, 13)),
    Post(service="MENTAL_HEALTH", share=4, title="Children's therapist", role="health-practitioner", agencies=(14,)),
    Post(service="SEXUAL_HEALTH", share=1, title="Clinic nurse", role="health-practitioner", agencies=(15,)),
    Post(service="SUBSTANCE_MISUSE", share=1, title="Young people's worker", role="health-practitioner",
         agencies=(16,)),
    Post(service="ADULT_MENTAL_HEALTH", share=1.5, title="Care coordinator", role="health-practitioner",
         agencies=(17,)),
    Post(service="ADULT_SUBSTANCE_MISUSE", share=1, title="Recovery worker", role="health-practitioner",
         agencies=(18,)),
    Post(service="DOMESTIC_ABUSE", share=1, title="Domestic abuse adviser", role="voluntary-practitioner",
         agencies=(19,)),
    Post(service="DISABILITY", share=1, title="Disability adviser", role="social-worker", agencies=(20,)),
    Post(service="TEACHING", share=7, title="Designated safeguarding lead", role="education-practitioner",
         agencies=(SCHOOLS,)),
    Post(service="DIRECTORY", share=1, title="Directory officer", role="directory-team", agencies=(DIRECTORY_TEAM,)),
)  # fmt: skip
"""Adult services (domain rule D8) and posts that no involvement names have words of their own before the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The practitioners of one kind of post: numbers `first` up to `first + size`, spread over agencies."""

    post: Post
    first: int
    size: int
    agencies: Sequence[int]

    def agency_of(self, practitioner: int) -> int:
        """Return the number of a practitioner's agency."""
        return self.agencies[(practitioner - self.first) % len(self.agencies)]


def pools(children: int, *, practices: int, schools: int) -> list[Pool]:
    """Return the practitioners for a number of children: one for ten of them, at least two of each kind."""
    total = sum(post.share for post in POSTS)
    places = {
        PRACTICES: range(len(AGENCIES), len(AGENCIES) + practices),
        SCHOOLS: range(len(AGENCIES) + practices, len(AGENCIES) + practices + schools),
    }
    found, first = [], 0
    for post in POSTS:
        size = max(2, int(children / 10 * post.share / total))
        found.append(Pool(post=post, first=first, size=size, agencies=places.get(post.agencies[0], post.agencies)))
        first += size
    return found


def adult_service(word: str) -> str:
    """Return the service of the graph that a post's word stands for."""
    return word.removeprefix("ADULT_")
