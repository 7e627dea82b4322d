"""The enums partners see, each value described."""

from enum import Enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from gateway.vocabulary import (
    AddressStatus,
    AgeBand,
    BrokeringOutcome,
    BrokeringState,
    CallerStanding,
    ConsentBasis,
    ConsentScope,
    ContactRole,
    Gender,
    GrantGround,
    GrantKind,
    GrantReview,
    GrantState,
    LogReader,
    MatchGrade,
    MatchReason,
    Queue,
    QueueAction,
    QueueOutcome,
    QueueState,
    RefusalGround,
    Relationship,
    ReviewOutcome,
    ReviewPattern,
    ReviewState,
    Service,
    SettingKind,
    ShieldRequester,
    ShieldReview,
    SourceStatus,
    TransferState,
    TransferStep,
    Understanding,
)


def _describe(enum: type[Enum], description: str, values: dict[Enum, str]) -> None:
    strawberry.enum(enum, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry.enum
    by_name = {member.name: text for member, text in values.items()}
    for value in definition.values:
        value.description = by_name[value.name]


_describe(
    Gender,
    "Gender as the source states it.",
    {
        Gender.FEMALE: "Female.",
        Gender.MALE: "Male.",
        Gender.OTHER: "Neither female nor male.",
        Gender.NOT_SPECIFIED: "Not stated, or not known.",
    },
)
_describe(
    AddressStatus,
    "Whether the address told is where the child lives now.",
    {
        AddressStatus.CURRENT: "The child lives there, as far as the source knows.",
        AddressStatus.LAST_KNOWN: "The child has lived there; where the child lives now is not known.",
        AddressStatus.NO_KNOWN_ADDRESS: "No address is held.",
    },
)
_describe(
    Relationship,
    "How a carer is related to a child.",
    {
        Relationship.MOTHER: "Mother.",
        Relationship.FATHER: "Father.",
        Relationship.PARENT: "Parent, not further specified.",
        Relationship.STEP_PARENT: "Step-parent.",
        Relationship.GRANDPARENT: "Grandparent.",
        Relationship.SIBLING: "Adult brother or sister.",
        Relationship.AUNT_OR_UNCLE: "Aunt or uncle.",
        Relationship.FOSTER_CARER: "Foster carer.",
        Relationship.ADOPTIVE_PARENT: "Adoptive parent.",
        Relationship.SPECIAL_GUARDIAN: "Special guardian under a court order.",
        Relationship.CORPORATE_PARENT: "The local authority, for a looked-after child.",
        Relationship.OTHER: "Another person with daily care.",
    },
)
_describe(
    SettingKind,
    "What kind of place a setting is.",
    {
        SettingKind.SCHOOL: "A mainstream school.",
        SettingKind.NURSERY: "A nursery or other early-years provider.",
        SettingKind.COLLEGE: "A college or sixth-form centre.",
        SettingKind.SPECIAL_SCHOOL: "A special school.",
        SettingKind.ALTERNATIVE_PROVISION: "A pupil referral unit or other alternative provision.",
        SettingKind.CHILDRENS_HOME: "A children's home.",
        SettingKind.GP_PRACTICE: "A general medical practice.",
        SettingKind.OTHER: "Another place of education or care.",
    },
)
_describe(
    Service,
    "The service an involvement provides.",
    {
        Service.HEALTH_VISITING: "Health visiting, for children under five.",
        Service.SCHOOL_NURSING: "School nursing.",
        Service.GENERAL_PRACTICE: "General practice, beyond registration.",
        Service.PAEDIATRICS: "Community or hospital paediatrics.",
        Service.SOCIAL_CARE: "Children's social care.",
        Service.EARLY_HELP: "Early help.",
        Service.EDUCATION_WELFARE: "Education welfare.",
        Service.SPECIAL_EDUCATIONAL_NEEDS: "Special educational needs and disability support.",
        Service.YOUTH_SUPPORT: "Youth support and careers guidance.",
        Service.YOUTH_JUSTICE: "Youth justice.",
        Service.POLICE: "Police child protection.",
        Service.VOLUNTARY: "A voluntary or community service.",
        Service.SEXUAL_HEALTH: "Sexual health: a sensitive service.",
        Service.MENTAL_HEALTH: "Mental health: a sensitive service.",
        Service.SUBSTANCE_MISUSE: "Substance misuse: a sensitive service.",
        Service.DOMESTIC_ABUSE: "Domestic abuse support for an adult: a sensitive service.",
        Service.DISABILITY: "Disability support for an adult.",
        Service.UNSPECIFIED_SENSITIVE: "A sensitive service is involved; which one is not told. Ask the broker.",
    },
)
_describe(
    MatchGrade,
    "How sure a search is that a candidate is the child meant.",
    {
        MatchGrade.CERTAIN: "An identifier, or every name, date and a further detail, agree.",
        MatchGrade.PROBABLE: "The name and the date of birth agree.",
        MatchGrade.POSSIBLE: "Something agrees only nearly: check before you act.",
    },
)
_describe(
    MatchReason,
    "One ground for a grade.",
    {
        MatchReason.IDENTIFIER_EQUAL: "The identifier is this child's.",
        MatchReason.IDENTIFIER_SUPERSEDED: "The identifier was superseded; this is the surviving record.",
        MatchReason.FAMILY_NAME_EQUAL: "The family name is the same.",
        MatchReason.FAMILY_NAME_PATTERN: "The family name fits the pattern.",
        MatchReason.FAMILY_NAME_SOUNDS_ALIKE: "The family name sounds alike.",
        MatchReason.GIVEN_NAME_EQUAL: "The given name is the same.",
        MatchReason.GIVEN_NAME_PATTERN: "The given name fits the pattern.",
        MatchReason.GIVEN_NAME_SOUNDS_ALIKE: "The given name sounds alike.",
        MatchReason.FORMER_NAME: "The name is one the child was known by before.",
        MatchReason.DATE_OF_BIRTH_EQUAL: "The date of birth is the same.",
        MatchReason.DATE_OF_BIRTH_NEAR: "The date of birth is one slip away.",
        MatchReason.GENDER_EQUAL: "The gender is the same.",
        MatchReason.POSTCODE_EQUAL: "The postcode is the same.",
        MatchReason.POSTCODE_PATTERN: "The postcode fits the pattern.",
    },
)
_describe(
    SourceStatus,
    'What became of asking a source; never the same as "nothing known".',
    {
        SourceStatus.ANSWERED: "The source answered in full.",
        SourceStatus.UNAVAILABLE: "The source could not be reached or gave no readable answer.",
        SourceStatus.TIMED_OUT: "The source did not answer in time.",
        SourceStatus.REFUSED: "The source refused this caller or purpose.",
        SourceStatus.NOT_ASKED: "The source was not asked; it may hold something.",
    },
)
_describe(
    CallerStanding,
    "Whether the person and agency who ask are entitled to ask at all.",
    {
        CallerStanding.CURRENT: "Entitled.",
        CallerStanding.UNREGISTERED: "Not in the register in this role and agency.",
        CallerStanding.TRAINING_LAPSED: "The person's training has lapsed.",
        CallerStanding.CHECK_LAPSED: "The person's enhanced check has lapsed.",
        CallerStanding.ACCREDITATION_LAPSED: "The agency's accreditation has lapsed.",
        CallerStanding.SUSPENDED: "The person or agency is suspended.",
    },
)
_describe(
    ConsentBasis,
    "On what a sensitive involvement is recorded.",
    {
        ConsentBasis.CHILD_CONSENT: "The child consented, explicitly and informed.",
        ConsentBasis.CARER_CONSENT: "A carer consented, for a child who does not understand enough.",
        ConsentBasis.SIGNIFICANT_HARM: "There is reasonable cause to suspect significant harm.",
    },
)
_describe(
    ConsentScope,
    "What a consent covers.",
    {
        ConsentScope.RECORD_ONLY: "To be recorded, and nothing that others would see.",
        ConsentScope.BROKER: "That the directory team puts practitioners in touch.",
        ConsentScope.PRACTITIONERS: "That practitioners see it as the rules allow.",
    },
)
_describe(
    Understanding,
    "Whether a child understands enough to consent.",
    {
        Understanding.NOT_ASSESSED: "Nobody has judged it.",
        Understanding.SUFFICIENT: "The child's own consent counts.",
        Understanding.INSUFFICIENT: "A carer's consent counts.",
    },
)
_describe(
    ShieldRequester,
    "On whose behalf a shield is asked for.",
    {
        ShieldRequester.CHILD: "The child.",
        ShieldRequester.CARER: "A carer.",
        ShieldRequester.REFUGE: "A refuge.",
        ShieldRequester.GP: "A general practitioner.",
        ShieldRequester.PRACTITIONER: "Another practitioner.",
    },
)
_describe(
    ShieldReview,
    "What a review of a shield comes to.",
    {
        ShieldReview.KEEP: "The threat goes on: it is kept until the next review.",
        ShieldReview.LIFT: "The threat has passed: it is lifted.",
    },
)
_describe(
    GrantKind,
    "What kind of opening a grant is.",
    {
        GrantKind.BREAK_GLASS: "To reach a shielded child in an emergency.",
        GrantKind.PUBLIC_INTEREST: "To share without consent, where the public interest outweighs it.",
    },
)
_describe(
    GrantGround,
    "On what a grant rests.",
    {
        GrantGround.SIGNIFICANT_HARM: "Significant harm to a child.",
        GrantGround.SERIOUS_HARM_ADULT: "Serious harm to an adult.",
        GrantGround.SERIOUS_CRIME: "Prevention or detection of serious crime.",
        GrantGround.COURT_ORDER: "An order of a court.",
        GrantGround.STATUTORY_DUTY: "A duty under statute.",
    },
)
_describe(
    GrantState,
    "How a grant stands.",
    {
        GrantState.USABLE: "The next ask that names it may use it.",
        GrantState.SPENT: "It was used.",
        GrantState.EXPIRED: "It ended unused.",
        GrantState.REFUSED: "Its review found it not justified.",
        GrantState.OF_ANOTHER: "It is for somebody else to use.",
    },
)
_describe(
    GrantReview,
    "What the review of a grant comes to.",
    {
        GrantReview.JUSTIFIED: "It was justified.",
        GrantReview.NOT_JUSTIFIED: "It was not; if unused, it opens nothing any more.",
    },
)
_describe(
    RefusalGround,
    "Why sharing was refused.",
    {
        RefusalGround.DETRIMENT: "Sharing would be more detrimental to the child than not sharing.",
        RefusalGround.NO_CONSENT: "Consent is needed and was not given.",
        RefusalGround.NOT_LAWFUL: "The law does not allow it.",
        RefusalGround.NOT_NECESSARY: "It is not needed for the purpose stated.",
    },
)
_describe(
    LogReader,
    "For whom a child's access log is prepared.",
    {
        LogReader.CHILD: "The child or young person themself.",
        LogReader.CARER: "A carer: without enquiries, and without what others wrote in their own words.",
    },
)
_describe(
    ContactRole,
    "Whom an authority or agency names for safeguarding advice.",
    {
        ContactRole.FRONT_DOOR: "The front door of children's services (MASH).",
        ContactRole.DESIGNATED_DOCTOR: "Designated doctor.",
        ContactRole.DESIGNATED_NURSE: "Designated nurse.",
        ContactRole.NAMED_DOCTOR: "Named doctor.",
        ContactRole.NAMED_NURSE: "Named nurse.",
        ContactRole.DESIGNATED_SAFEGUARDING_LEAD: "Designated safeguarding lead.",
        ContactRole.CALDICOTT_GUARDIAN: "Caldicott guardian.",
        ContactRole.OUT_OF_HOURS: "Out-of-hours duty team.",
    },
)
_describe(
    ReviewPattern,
    "What in a caller's asks a person should look at; none of them proves anything.",
    {
        ReviewPattern.SAME_SURNAME: "Children who share the caller's surname, with whom the caller does not work.",
        ReviewPattern.SAME_ADDRESS: "The caller's own family or home, or more children of the postcode than by chance.",
        ReviewPattern.NO_RELATIONSHIP: "Children with whom neither the caller nor the agency works.",
        ReviewPattern.UNUSUAL_VOLUME: "More children in one day than peers and the caller's own past have.",
        ReviewPattern.UNUSUAL_HOURS: "More looks at night and at weekends than peers and the caller's own past have.",
        ReviewPattern.SHIELDED_RECORDS: "Shielded children with whom the caller does not work.",
        ReviewPattern.AFTER_COLLEAGUE: "Children looked at just after a colleague did, without working with them.",
        ReviewPattern.REPEATED_REFUSALS: "Asks that were refused again and again.",
        ReviewPattern.BUDGET_EXHAUSTED: "Searches after the budget of searches was spent.",
    },
)
_describe(
    ReviewOutcome,
    "What a reviewer found.",
    {
        ReviewOutcome.EXPLAINED: "There was a good reason; the only outcome that clears a case.",
        ReviewOutcome.TO_BE_SPOKEN_TO: "The person is to be spoken to.",
        ReviewOutcome.REFERRED: "Referred to those who look into misconduct or offences.",
        ReviewOutcome.SUSPENDED: "The person's access was suspended.",
    },
)
_describe(
    ReviewState,
    "Where a case stands.",
    {
        ReviewState.OPEN: "Not explained.",
        ReviewState.AWAITING_SECOND_REVIEWER: "Explained to one reviewer; a second, independent one has to agree.",
        ReviewState.CLEARED: "Explained, and cleared.",
    },
)
_describe(
    BrokeringOutcome,
    "What the directory team made of a request for brokered contact.",
    {
        BrokeringOutcome.CONNECTED: "Both parties agreed, and are put in touch.",
        BrokeringOutcome.DECLINED: "One of the parties did not agree.",
        BrokeringOutcome.NOBODY_INVOLVED: "There is nobody to be put in touch with.",
        BrokeringOutcome.NOT_NEEDED: "Contact is not needed any more, or can be had without a broker.",
    },
)
_describe(
    BrokeringState,
    "How a request for brokered contact stands, as far as whoever asked is told.",
    {
        BrokeringState.WAITING: "The directory team has not answered yet.",
        BrokeringState.CONNECTED: "Both parties agreed; the answer says how they are put in touch.",
        BrokeringState.CLOSED: "Answered without contact; that says nothing of whether there was somebody.",
    },
)
_describe(
    TransferStep,
    "What an authority does about the transfer of responsibility for a child.",
    {
        TransferStep.OFFER: "The responsible authority offers the child to another.",
        TransferStep.ACCEPT: "The authority that was asked becomes responsible.",
        TransferStep.REFUSE: "The authority that was asked does not.",
        TransferStep.WITHDRAW: "The authority that offered wants the offer back; it counts unless it was answered.",
    },
)
_describe(
    TransferState,
    "Where a transfer of responsibility stands, as far as this gateway knows.",
    {
        TransferState.OFFERED: "No answer is known; the authority that offered is responsible.",
        TransferState.WITHDRAWING: "Wanted back, and not yet known whether it had been answered before.",
        TransferState.ACCEPTED: "The authority that was asked is responsible.",
        TransferState.REFUSED: "Refused; the authority that offered is responsible.",
        TransferState.WITHDRAWN: "Withdrawn; the authority that offered is responsible.",
    },
)
_describe(
    Queue,
    "A worked queue of an authority.",
    {
        Queue.MISSING_EDUCATION: "Children of compulsory school age without a current place of education.",
        Queue.WITHOUT_GP: "Children without a current GP practice.",
    },
)
_describe(
    QueueState,
    "Whether an entry of a queue waits to be worked.",
    {
        QueueState.OPEN: "It waits.",
        QueueState.CLOSED: "An outcome closed it until a stated day.",
    },
)
_describe(
    QueueAction,
    "What the owner of an entry does next.",
    {
        QueueAction.ASK_CARER: "Ask a carer.",
        QueueAction.VISIT_HOME: "Visit the home.",
        QueueAction.ASK_LAST_SETTING: "Ask the last school, or the last practice.",
        QueueAction.ASK_OTHER_AUTHORITY: "Ask another authority.",
        QueueAction.CHECK_REGISTERS: "Look in registers.",
        QueueAction.OFFER_PLACE: "Offer a place at a school.",
        QueueAction.HELP_TO_REGISTER: "Help to register with a practice.",
        QueueAction.NOTHING_MORE: "Nothing, until the entry opens again.",
    },
)
_describe(
    QueueOutcome,
    "What came of working an entry; all but the first two close it until a stated day.",
    {
        QueueOutcome.UNDER_WAY: "Nothing is known yet.",
        QueueOutcome.NOBODY_REACHED: "Nobody could be reached yet.",
        QueueOutcome.REGISTERED: "On the roll of a school or the list of a practice; the records are to follow.",
        QueueOutcome.MOVED_AWAY: "Lives in the area of another authority.",
        QueueOutcome.LEFT_ENGLAND: "Lives outside England.",
        QueueOutcome.EDUCATED_ELSEWHERE: "Taught at a place that the directory does not know.",
        QueueOutcome.EDUCATED_AT_HOME: "Taught at home.",
        QueueOutcome.TREATED_ELSEWHERE: "With a doctor whom the directory does not know.",
    },
)
_describe(
    AgeBand,
    "Whole years of age, as counts group them.",
    {
        AgeBand.UNDER_5: "Under five.",
        AgeBand.AGED_5_TO_10: "Five to ten.",
        AgeBand.AGED_11_TO_15: "Eleven to fifteen.",
        AgeBand.AGED_16_TO_17: "Sixteen and seventeen.",
    },
)
