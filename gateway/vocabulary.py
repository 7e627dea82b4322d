"""The closed sets of words the graph speaks: one word, one meaning, in Python, SQL and GraphQL.

Roles, purposes of access and who may see what are *not* here: they belong to the policy owner
and live in `policies/data.json`. Nothing in Python compares them.
"""

from enum import StrEnum
from typing import NewType
from uuid import UUID

ChildId = NewType("ChildId", UUID)
CarerId = NewType("CarerId", UUID)
SettingId = NewType("SettingId", UUID)
PractitionerId = NewType("PractitionerId", UUID)
InvolvementId = NewType("InvolvementId", UUID)
AgencyId = NewType("AgencyId", UUID)
SuspensionId = NewType("SuspensionId", UUID)
GrantId = NewType("GrantId", UUID)
ReviewCaseId = NewType("ReviewCaseId", UUID)
WithholdingId = NewType("WithholdingId", UUID)
TransferId = NewType("TransferId", UUID)
BrokeredContactId = NewType("BrokeredContactId", UUID)
AuthorityCode = NewType("AuthorityCode", str)
"""GSS code of a local authority, such as E08000009."""
PersonId = NewType("PersonId", str)
"""The `sub` of a token: a person who asks."""


class RecordType(StrEnum):
    """What a decision can be about; the values are the GraphQL type names the policies use."""

    ASK = "Ask"
    SEARCH = "Search"
    CANDIDATE = "Candidate"
    CHILD = "Child"
    CARER = "Carer"
    SETTING = "Setting"
    PRACTITIONER = "Practitioner"
    INVOLVEMENT = "Involvement"
    LOCAL_AUTHORITY = "LocalAuthority"
    AGENCY = "Agency"
    CALLER = "Caller"
    ACCESS_LOG_ENTRY = "AccessLogEntry"
    LEDGER_ENTRY = "LedgerEntry"
    """An entry of the ledger as a whole, for those who review it."""
    LOG_WITHHOLDING = "LogWithholding"
    SUSPENSION = "Suspension"
    GRANT = "Grant"
    RESPONSIBILITY_TRANSFER = "ResponsibilityTransfer"
    BROKERED_CONTACT = "BrokeredContact"
    ACCESS_REVIEW_FINDING = "AccessReviewFinding"
    ACCESS_REVIEW_ENTRY = "AccessReviewEntry"
    ACCESS_REVIEW_CASE = "AccessReviewCase"
    QUEUE_ENTRY = "QueueEntry"
    ACTION = "Action"
    """A mutation: its name is the field that is decided."""
    COUNT = "Count"
    """A number for planning, suppressed where it is small (domain rule M2)."""


class Gender(StrEnum):
    """Gender as the source states it."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    OTHER = "OTHER"
    NOT_SPECIFIED = "NOT_SPECIFIED"


class AddressStatus(StrEnum):
    """Whether the address told is where the child lives now."""

    CURRENT = "CURRENT"
    LAST_KNOWN = "LAST_KNOWN"
    NO_KNOWN_ADDRESS = "NO_KNOWN_ADDRESS"


class Relationship(StrEnum):
    """How a carer is related to a child."""

    MOTHER = "MOTHER"
    FATHER = "FATHER"
    PARENT = "PARENT"
    STEP_PARENT = "STEP_PARENT"
    GRANDPARENT = "GRANDPARENT"
    SIBLING = "SIBLING"
    AUNT_OR_UNCLE = "AUNT_OR_UNCLE"
    FOSTER_CARER = "FOSTER_CARER"
    ADOPTIVE_PARENT = "ADOPTIVE_PARENT"
    SPECIAL_GUARDIAN = "SPECIAL_GUARDIAN"
    CORPORATE_PARENT = "CORPORATE_PARENT"
    OTHER = "OTHER"


class SettingKind(StrEnum):
    """What kind of place a setting is."""

    SCHOOL = "SCHOOL"
    NURSERY = "NURSERY"
    COLLEGE = "COLLEGE"
    SPECIAL_SCHOOL = "SPECIAL_SCHOOL"
    ALTERNATIVE_PROVISION = "ALTERNATIVE_PROVISION"
    CHILDRENS_HOME = "CHILDRENS_HOME"
    GP_PRACTICE = "GP_PRACTICE"
    OTHER = "OTHER"


class Service(StrEnum):
    """The service an involvement provides; sensitive ones are told to most as UNSPECIFIED_SENSITIVE.

    DOMESTIC_ABUSE and DISABILITY are adult services, which work with a carer (domain rule D8).
    """

    HEALTH_VISITING = "HEALTH_VISITING"
    SCHOOL_NURSING = "SCHOOL_NURSING"
    GENERAL_PRACTICE = "GENERAL_PRACTICE"
    PAEDIATRICS = "PAEDIATRICS"
    SOCIAL_CARE = "SOCIAL_CARE"
    EARLY_HELP = "EARLY_HELP"
    EDUCATION_WELFARE = "EDUCATION_WELFARE"
    SPECIAL_EDUCATIONAL_NEEDS = "SPECIAL_EDUCATIONAL_NEEDS"
    YOUTH_SUPPORT = "YOUTH_SUPPORT"
    YOUTH_JUSTICE = "YOUTH_JUSTICE"
    POLICE = "POLICE"
    VOLUNTARY = "VOLUNTARY"
    SEXUAL_HEALTH = "SEXUAL_HEALTH"
    MENTAL_HEALTH = "MENTAL_HEALTH"
    SUBSTANCE_MISUSE = "SUBSTANCE_MISUSE"
    DOMESTIC_ABUSE = "DOMESTIC_ABUSE"
    DISABILITY = "DISABILITY"
    UNSPECIFIED_SENSITIVE = "UNSPECIFIED_SENSITIVE"


SENSITIVE_SERVICES = frozenset({Service.SEXUAL_HEALTH, Service.MENTAL_HEALTH, Service.SUBSTANCE_MISUSE})
"""Sensitive by definition (domain rule V1); this classifies a record, it decides nothing."""


class Shield(StrEnum):
    """Whether a record is under shielding, and how."""

    NONE = "none"
    ASSOCIATED = "associated"
    """Not shielded itself, but shares a carer with a shielded child, so it could lead to that child."""
    PROVISIONAL = "provisional"
    ACTIVE = "active"


class Consent(StrEnum):
    """On what footing an involvement is recorded, as it stands at this moment."""

    NONE_NEEDED = "none-needed"
    GIVEN = "given"
    SIGNIFICANT_HARM = "significant-harm"
    RECORD_ONLY = "record-only"
    """Consent to being recorded, and to nothing that others would see."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    MISSING = "missing"


class ConsentBasis(StrEnum):
    """On what a sensitive involvement is recorded (domain rule V1)."""

    CHILD_CONSENT = "child-consent"
    CARER_CONSENT = "carer-consent"
    SIGNIFICANT_HARM = "significant-harm"


class ConsentScope(StrEnum):
    """What a consent covers."""

    RECORD_ONLY = "record-only"
    BROKER = "broker"
    PRACTITIONERS = "practitioners"


class Understanding(StrEnum):
    """Whether a child understands enough to consent, as whoever works with the child judges it (V1)."""

    NOT_ASSESSED = "not-assessed"
    SUFFICIENT = "sufficient"
    INSUFFICIENT = "insufficient"


class ShieldRequester(StrEnum):
    """On whose behalf a shield is asked for (domain rule H2)."""

    CHILD = "child"
    CARER = "carer"
    REFUGE = "refuge"
    GP = "gp"
    PRACTITIONER = "practitioner"


class ShieldReview(StrEnum):
    """What a review of a shield comes to."""

    KEEP = "keep"
    LIFT = "lift"


class GrantKind(StrEnum):
    """What kind of opening a grant is (domain rules H5, P1)."""

    BREAK_GLASS = "break-glass"
    PUBLIC_INTEREST = "public-interest"


class GrantGround(StrEnum):
    """On what a grant rests (domain rule P1)."""

    SIGNIFICANT_HARM = "significant-harm"
    SERIOUS_HARM_ADULT = "serious-harm-adult"
    SERIOUS_CRIME = "serious-crime"
    COURT_ORDER = "court-order"
    STATUTORY_DUTY = "statutory-duty"


class GrantState(StrEnum):
    """How a grant stands at this moment."""

    USABLE = "usable"
    SPENT = "spent"
    EXPIRED = "expired"
    REFUSED = "refused"
    OF_ANOTHER = "of-another"


class GrantReview(StrEnum):
    """What the review of a grant comes to."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"


class RefusalGround(StrEnum):
    """Why sharing was refused (domain rule P2)."""

    DETRIMENT = "detriment"
    NO_CONSENT = "no-consent"
    NOT_LAWFUL = "not-lawful"
    NOT_NECESSARY = "not-necessary"


class TransferStep(StrEnum):
    """What an authority does about the transfer of responsibility for a child (domain rule X1)."""

    OFFER = "offer"
    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class TransferState(StrEnum):
    """Where a transfer of responsibility stands, as far as this gateway knows."""

    OFFERED = "offered"
    WITHDRAWING = "withdrawing"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class BrokeringOutcome(StrEnum):
    """What the directory team made of a request for brokered contact (domain rule H6)."""

    CONNECTED = "connected"
    DECLINED = "declined"
    NOBODY_INVOLVED = "nobody-involved"
    NOT_NEEDED = "not-needed"


class AnswerSince(StrEnum):
    """What has been closed about a child since a request for brokered contact was answered (domain rules H6, V3)."""

    NO_ANSWER = "no-answer"
    NOTHING = "nothing"
    SHIELD = "shield"
    CONFLICT = "conflict"
    FOOTING = "footing"
    """A sensitive service has ended, or its consent has: the one asked about, or any where none was named."""
    REFUSAL = "refusal"
    STANDING = "standing"
    """Whoever asked is not in good standing any more in the role they asked in."""
    UNKNOWN = "unknown"


class BrokeringState(StrEnum):
    """How a request for brokered contact stands, as far as whoever asked is told.

    That somebody declined and that there was nobody are one: the difference would tell whether there is an involvement
    of which the asker may not know.
    """

    WAITING = "waiting"
    CONNECTED = "connected"
    CLOSED = "closed"


class Queue(StrEnum):
    """A worked queue of an authority (domain rule M1)."""

    MISSING_EDUCATION = "missing-education"
    WITHOUT_GP = "without-gp"


class QueueState(StrEnum):
    """Whether an entry of a queue waits to be worked."""

    OPEN = "open"
    CLOSED = "closed"


class QueueAction(StrEnum):
    """What the owner of an entry does next."""

    ASK_CARER = "ask-carer"
    VISIT_HOME = "visit-home"
    ASK_LAST_SETTING = "ask-last-setting"
    ASK_OTHER_AUTHORITY = "ask-other-authority"
    CHECK_REGISTERS = "check-registers"
    OFFER_PLACE = "offer-place"
    HELP_TO_REGISTER = "help-to-register"
    NOTHING_MORE = "nothing-more"


class QueueOutcome(StrEnum):
    """What came of working an entry; all but the first two close it until the day that is stated with them."""

    UNDER_WAY = "under-way"
    NOBODY_REACHED = "nobody-reached"
    REGISTERED = "registered"
    MOVED_AWAY = "moved-away"
    LEFT_ENGLAND = "left-england"
    EDUCATED_ELSEWHERE = "educated-elsewhere"
    EDUCATED_AT_HOME = "educated-at-home"
    TREATED_ELSEWHERE = "treated-elsewhere"


class AgeBand(StrEnum):
    """Whole years of age, as counts for planning group them."""

    UNDER_5 = "under-5"
    AGED_5_TO_10 = "5-to-10"
    AGED_11_TO_15 = "11-to-15"
    AGED_16_TO_17 = "16-to-17"


class LogReader(StrEnum):
    """For whom a child's access log is prepared (domain rule L4)."""

    CHILD = "child"
    CARER = "carer"


class RecordStanding(StrEnum):
    """Where a child's record stands in its retention (domain rules T1, T2)."""

    LIVE = "live"
    ADULT = "adult"
    ADULT_WITH_CONSENT = "adult-with-consent"
    """Kept to 19 or 25 by the young person's consent (domain rule T1)."""
    LEFT_ENGLAND = "left-england"
    DECEASED = "deceased"
    ARCHIVED = "archived"


class KeptGround(StrEnum):
    """Why a young person's record may stay past eighteen, if they agree to it (domain rule T1)."""

    YOUTH_SUPPORT = "youth-support"
    """Client of youth support: to nineteen."""
    CARE_LEAVER = "care-leaver"
    """To twenty-five, as with learning difficulties."""
    LEARNING_DIFFICULTY = "learning-difficulty"


class CallerStanding(StrEnum):
    """Whether the person and agency who ask are, at this moment, entitled to ask at all (domain rule A1)."""

    CURRENT = "current"
    UNREGISTERED = "unregistered"
    TRAINING_LAPSED = "training-lapsed"
    CHECK_LAPSED = "check-lapsed"
    ACCREDITATION_LAPSED = "accreditation-lapsed"
    SUSPENDED = "suspended"


class Effect(StrEnum):
    """What a decision does to a field."""

    DISCLOSE = "disclose"
    MASK = "mask"
    WITHHOLD = "withhold"
    CONCEAL = "conceal"


class Obligation(StrEnum):
    """A named pure function that a mask must apply before telling."""

    UNSPECIFIED_SERVICE = "unspecified-service"
    ADDRESS_DISTRICT = "address-district"
    BIRTH_YEAR = "birth-year"


class MatchGrade(StrEnum):
    """How sure a search is that a candidate is the child asked for (domain rule S2), best first."""

    CERTAIN = "CERTAIN"
    PROBABLE = "PROBABLE"
    POSSIBLE = "POSSIBLE"


class MatchReason(StrEnum):
    """One ground for a grade."""

    IDENTIFIER_EQUAL = "IDENTIFIER_EQUAL"
    IDENTIFIER_SUPERSEDED = "IDENTIFIER_SUPERSEDED"
    FAMILY_NAME_EQUAL = "FAMILY_NAME_EQUAL"
    FAMILY_NAME_PATTERN = "FAMILY_NAME_PATTERN"
    FAMILY_NAME_SOUNDS_ALIKE = "FAMILY_NAME_SOUNDS_ALIKE"
    GIVEN_NAME_EQUAL = "GIVEN_NAME_EQUAL"
    GIVEN_NAME_PATTERN = "GIVEN_NAME_PATTERN"
    GIVEN_NAME_SOUNDS_ALIKE = "GIVEN_NAME_SOUNDS_ALIKE"
    FORMER_NAME = "FORMER_NAME"
    DATE_OF_BIRTH_EQUAL = "DATE_OF_BIRTH_EQUAL"
    DATE_OF_BIRTH_NEAR = "DATE_OF_BIRTH_NEAR"
    GENDER_EQUAL = "GENDER_EQUAL"
    POSTCODE_EQUAL = "POSTCODE_EQUAL"
    POSTCODE_PATTERN = "POSTCODE_PATTERN"


class SourceStatus(StrEnum):
    """What became of asking a source; never the same as "nothing known"."""

    ANSWERED = "ANSWERED"
    UNAVAILABLE = "UNAVAILABLE"
    TIMED_OUT = "TIMED_OUT"
    REFUSED = "REFUSED"
    NOT_ASKED = "NOT_ASKED"
    """Nobody asked it; what it would say is not known."""


class ContactRole(StrEnum):
    """Whom an authority or agency names for safeguarding advice (domain rule D9)."""

    FRONT_DOOR = "FRONT_DOOR"
    DESIGNATED_DOCTOR = "DESIGNATED_DOCTOR"
    DESIGNATED_NURSE = "DESIGNATED_NURSE"
    NAMED_DOCTOR = "NAMED_DOCTOR"
    NAMED_NURSE = "NAMED_NURSE"
    DESIGNATED_SAFEGUARDING_LEAD = "DESIGNATED_SAFEGUARDING_LEAD"
    CALDICOTT_GUARDIAN = "CALDICOTT_GUARDIAN"
    OUT_OF_HOURS = "OUT_OF_HOURS"


class ReviewPattern(StrEnum):
    """What in a caller's asks a person should look at (domain rule L5); none of them proves anything."""

    SAME_SURNAME = "SAME_SURNAME"
    SAME_ADDRESS = "SAME_ADDRESS"
    NO_RELATIONSHIP = "NO_RELATIONSHIP"
    UNUSUAL_VOLUME = "UNUSUAL_VOLUME"
    UNUSUAL_HOURS = "UNUSUAL_HOURS"
    SHIELDED_RECORDS = "SHIELDED_RECORDS"
    AFTER_COLLEAGUE = "AFTER_COLLEAGUE"
    REPEATED_REFUSALS = "REPEATED_REFUSALS"
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED"


class ReviewOutcome(StrEnum):
    """What a reviewer found on looking at a caller's asks."""

    EXPLAINED = "EXPLAINED"
    """There was a good reason: the only outcome that clears a case."""
    TO_BE_SPOKEN_TO = "TO_BE_SPOKEN_TO"
    REFERRED = "REFERRED"
    SUSPENDED = "SUSPENDED"


class ReviewState(StrEnum):
    """Where a case stands."""

    OPEN = "OPEN"
    AWAITING_SECOND_REVIEWER = "AWAITING_SECOND_REVIEWER"
    """Explained to a reviewer, and not yet to a second and independent one where that is needed."""
    CLEARED = "CLEARED"
