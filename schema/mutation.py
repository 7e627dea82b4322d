"""What can be changed: one change a request, decided and recorded as a read is, and made once for each key."""

from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from resolvers.brokering import contact_answered, contact_requested
from resolvers.consenting import conflict_declared, consent_recorded, consent_withdrawn
from resolvers.granting import grant_requested, grant_reviewed
from resolvers.queue_outcomes import queue_outcome_recorded
from resolvers.recording import assessment_recorded, involvement_ended, involvement_recorded, lead_declared
from resolvers.review_outcomes import outcome_recorded
from resolvers.shielding import refusal_recorded, shield_requested, shield_reviewed
from resolvers.suspending import reinstated, suspended
from resolvers.transferring import responsibility_transferred
from resolvers.withholding import entry_withheld, withholding_confirmed, withholding_lifted
from schema.access_review import RecordReviewOutcomeInput, RecordReviewOutcomePayload
from schema.brokered_contact import (
    AnswerBrokeredContactInput,
    AnswerBrokeredContactPayload,
    RequestBrokeredContactInput,
    RequestBrokeredContactPayload,
)
from schema.changing import INPUT, changed
from schema.consenting import (
    DeclareConflictInput,
    DeclareConflictPayload,
    RecordConsentInput,
    RecordConsentPayload,
    WithdrawConsentInput,
    WithdrawConsentPayload,
    new_consent,
)
from schema.granting import RequestGrantInput, RequestGrantPayload, ReviewGrantInput, ReviewGrantPayload
from schema.queues import RecordQueueOutcomeInput, RecordQueueOutcomePayload
from schema.recording import (
    DeclareLeadProfessionalInput,
    DeclareLeadProfessionalPayload,
    EndInvolvementInput,
    EndInvolvementPayload,
    RecordCommonAssessmentInput,
    RecordCommonAssessmentPayload,
    RecordInvolvementInput,
    RecordInvolvementPayload,
)
from schema.responsibility import TransferResponsibilityInput, TransferResponsibilityPayload
from schema.shielding import (
    RecordRefusalInput,
    RecordRefusalPayload,
    RequestShieldInput,
    RequestShieldPayload,
    ReviewShieldInput,
    ReviewShieldPayload,
)
from schema.suspending import ReinstateCallerInput, ReinstateCallerPayload, SuspendCallerInput, SuspendCallerPayload
from schema.told import resolved
from schema.withholding import (
    ConfirmWithholdingInput,
    ConfirmWithholdingPayload,
    LiftWithholdingInput,
    LiftWithholdingPayload,
    WithholdLogEntryInput,
    WithholdLogEntryPayload,
)


@strawberry.federation.type(description="What can be changed in the directory, one change a request.")
class Mutation:
    """The root of every mutation."""

    @resolved(
        description="Record that an agency works with a child, by you or a colleague.",
        graphql_type=RecordInvolvementPayload,
    )
    async def record_involvement(self, info: Info, input: Annotated[RecordInvolvementInput, INPUT]) -> Any:
        """Record an involvement."""
        return await changed(
            info,
            input,
            involvement_recorded,
            RecordInvolvementPayload,
            "involvement",
            consent=new_consent(input.consent),
        )

    @resolved(
        description="End an involvement of yours.",
        graphql_type=EndInvolvementPayload,
    )
    async def end_involvement(self, info: Info, input: Annotated[EndInvolvementInput, INPUT]) -> Any:
        """End an involvement."""
        return await changed(info, input, involvement_ended, EndInvolvementPayload, "involvement")

    @resolved(
        description="Declare who leads the support of a child, in place of whoever did.",
        graphql_type=DeclareLeadProfessionalPayload,
    )
    async def declare_lead_professional(self, info: Info, input: Annotated[DeclareLeadProfessionalInput, INPUT]) -> Any:
        """Declare the lead professional."""
        return await changed(info, input, lead_declared, DeclareLeadProfessionalPayload, "involvement")

    @resolved(
        description="Record that a common assessment was completed; never what it says.",
        graphql_type=RecordCommonAssessmentPayload,
    )
    async def record_common_assessment(self, info: Info, input: Annotated[RecordCommonAssessmentInput, INPUT]) -> Any:
        """Record a completed assessment."""
        return await changed(info, input, assessment_recorded, RecordCommonAssessmentPayload, "involvement")

    @resolved(
        description="Record consent to a sensitive involvement, as a new version of it.",
        graphql_type=RecordConsentPayload,
    )
    async def record_consent(self, info: Info, input: Annotated[RecordConsentInput, INPUT]) -> Any:
        """Record a consent."""
        return await changed(
            info, input, consent_recorded, RecordConsentPayload, "involvement", consent=new_consent(input.consent)
        )

    @resolved(
        description="Withdraw consent: the involvement is told to nobody from the very next read on.",
        graphql_type=WithdrawConsentPayload,
    )
    async def withdraw_consent(self, info: Info, input: Annotated[WithdrawConsentInput, INPUT]) -> Any:
        """Withdraw a consent."""
        return await changed(info, input, consent_withdrawn, WithdrawConsentPayload, "involvement")

    @resolved(
        description="Declare a conflict of interest on an involvement; its practitioner loses what it touches.",
        graphql_type=DeclareConflictPayload,
    )
    async def declare_conflict(self, info: Info, input: Annotated[DeclareConflictInput, INPUT]) -> Any:
        """Declare a conflict."""
        return await changed(info, input, conflict_declared, DeclareConflictPayload, "involvement")

    @resolved(
        description="Ask that a child's whereabouts be protected; they are from the very next read on.",
        graphql_type=RequestShieldPayload,
    )
    async def request_shield(self, info: Info, input: Annotated[RequestShieldInput, INPUT]) -> Any:
        """Ask for a shield."""
        return await changed(info, input, shield_requested, RequestShieldPayload, "child")

    @resolved(
        description="Review the shield on a child; somebody else than who asked for it does so.",
        graphql_type=ReviewShieldPayload,
    )
    async def review_shield(self, info: Info, input: Annotated[ReviewShieldInput, INPUT]) -> Any:
        """Review a shield."""
        return await changed(info, input, shield_reviewed, ReviewShieldPayload, "child")

    @resolved(
        description="Ask for a grant: named fields of one child's record, opened for one ask, for minutes.",
        graphql_type=RequestGrantPayload,
    )
    async def request_grant(self, info: Info, input: Annotated[RequestGrantInput, INPUT]) -> Any:
        """Ask for a grant."""
        return await changed(info, input, grant_requested, RequestGrantPayload, "grant")

    @resolved(
        description="Review a grant; somebody else than who asked for it does so.",
        graphql_type=ReviewGrantPayload,
    )
    async def review_grant(self, info: Info, input: Annotated[ReviewGrantInput, INPUT]) -> Any:
        """Review a grant."""
        return await changed(info, input, grant_reviewed, ReviewGrantPayload, "grant")

    @resolved(
        description="Record that sharing was refused, why, and who reviews it.",
        graphql_type=RecordRefusalPayload,
    )
    async def record_refusal(self, info: Info, input: Annotated[RecordRefusalInput, INPUT]) -> Any:
        """Record a refusal."""
        return await changed(info, input, refusal_recorded, RecordRefusalPayload, "child")

    @resolved(
        description="Ask the directory team to put you in touch with somebody who works with a child.",
        graphql_type=RequestBrokeredContactPayload,
    )
    async def request_brokered_contact(self, info: Info, input: Annotated[RequestBrokeredContactInput, INPUT]) -> Any:
        """Ask for brokered contact."""
        return await changed(info, input, contact_requested, RequestBrokeredContactPayload, "contact")

    @resolved(
        description="Answer a request for brokered contact; both parties have to agree before they are connected.",
        graphql_type=AnswerBrokeredContactPayload,
    )
    async def answer_brokered_contact(self, info: Info, input: Annotated[AnswerBrokeredContactInput, INPUT]) -> Any:
        """Answer a request."""
        return await changed(info, input, contact_answered, AnswerBrokeredContactPayload, "contact")

    @resolved(
        description="Offer responsibility for a child to another authority, accept or refuse what one offers, or "
        "withdraw an offer. Responsibility moves with the acceptance.",
        graphql_type=TransferResponsibilityPayload,
    )
    async def transfer_responsibility(self, info: Info, input: Annotated[TransferResponsibilityInput, INPUT]) -> Any:
        """Take a step of a transfer."""
        return await changed(info, input, responsibility_transferred, TransferResponsibilityPayload, "transfer")

    @resolved(
        description="Record what was done about a child in a worked queue, who owns the entry, and what comes next.",
        graphql_type=RecordQueueOutcomePayload,
    )
    async def record_queue_outcome(self, info: Info, input: Annotated[RecordQueueOutcomeInput, INPUT]) -> Any:
        """Record what was done."""
        return await changed(info, input, queue_outcome_recorded, RecordQueueOutcomePayload, "entry")

    @resolved(
        description="Suspend a caller's access at once, from the next request on, on every gateway of the authority.",
        graphql_type=SuspendCallerPayload,
    )
    async def suspend_caller(self, info: Info, input: Annotated[SuspendCallerInput, INPUT]) -> Any:
        """Suspend a caller."""
        return await changed(info, input, suspended, SuspendCallerPayload, "suspension")

    @resolved(
        description="Give a suspended caller access back; somebody else than who suspended them does so.",
        graphql_type=ReinstateCallerPayload,
    )
    async def reinstate_caller(self, info: Info, input: Annotated[ReinstateCallerInput, INPUT]) -> Any:
        """Reinstate a caller."""
        return await changed(info, input, reinstated, ReinstateCallerPayload, "suspension")

    @resolved(
        description="Record what a review of a caller found; a case of your own authority is cleared by a second, "
        "independent reviewer.",
        graphql_type=RecordReviewOutcomePayload,
    )
    async def record_review_outcome(self, info: Info, input: Annotated[RecordReviewOutcomeInput, INPUT]) -> Any:
        """Record an outcome."""
        return await changed(info, input, outcome_recorded, RecordReviewOutcomePayload, "case")

    @resolved(
        description="Keep an entry of a child's access log from the child and carers for a time: at once, and beyond a "
        "short provisional time only once a second person has confirmed it.",
        graphql_type=WithholdLogEntryPayload,
    )
    async def withhold_log_entry(self, info: Info, input: Annotated[WithholdLogEntryInput, INPUT]) -> Any:
        """Withhold an entry."""
        return await changed(info, input, entry_withheld, WithholdLogEntryPayload, "withholding")

    @resolved(
        description="Confirm that an entry is withheld, as a second person with no part in the look.",
        graphql_type=ConfirmWithholdingPayload,
    )
    async def confirm_withholding(self, info: Info, input: Annotated[ConfirmWithholdingInput, INPUT]) -> Any:
        """Confirm a withholding."""
        return await changed(info, input, withholding_confirmed, ConfirmWithholdingPayload, "withholding")

    @resolved(
        description="End a withholding early: from the next read on the entry is shown, whole.",
        graphql_type=LiftWithholdingPayload,
    )
    async def lift_withholding(self, info: Info, input: Annotated[LiftWithholdingInput, INPUT]) -> Any:
        """Lift a withholding."""
        return await changed(info, input, withholding_lifted, LiftWithholdingPayload, "withholding")
