"""Who was, is and is to be responsible for a child, and what a transfer of that takes and gives."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import RecordType, TransferState, TransferStep
from resolvers.responsibility import authorities_asked, authorities_offering, children_of_transfers
from schema.changing import KEY, payload, stated
from schema.levels import level
from schema.local_authority import LocalAuthority
from schema.local_authority_code import LocalAuthorityCode
from schema.page_info import PageInfo
from schema.told import record_type, resolved, told
from schema.withheld import Withheld

ChildRef = Annotated["Child", strawberry.lazy("schema.child")]  # type: ignore[name-defined]  # noqa: F821  # a cycle: a child has a history


@record_type(
    RecordType.RESPONSIBILITY_TRANSFER,
    "An offer of responsibility for a child by one authority to another, and what became of it. Until the acceptance "
    "is durable at the authority that was asked, the one that offered is responsible.",
    entity=False,
)
class ResponsibilityTransfer:
    """A transfer."""

    id: strawberry.ID = told("The transfer's id, as your agency knows it.")
    state: TransferState | None = told("Where it stands, as far as this gateway knows.")
    offered_at: datetime | None = told("When it was offered.")
    answered_at: datetime | None = told("When it was answered; null until then.")
    nhs_number: str | None = told("The NHS number by which the other authority knows whom it is about.")
    shielded: bool | None = told("Whether the authority that offers protects the child's whereabouts.")
    delivered: bool | None = told("Whether the other authority is known to have all that was said here.")
    withheld: list[Withheld] = told("Selected fields that are not told.")

    @resolved(description="The record here; null while there is none.", graphql_type=ChildRef | None)
    def child(self, info: Info) -> Any:
        """Load the child."""
        return level(info, self, "child", children_of_transfers)

    @resolved(description="The authority that offers.", graphql_type=LocalAuthority | None)
    def offered_by(self, info: Info) -> Any:
        """Load the authority."""
        return level(info, self, "offeredBy", authorities_offering)

    @resolved(description="The authority that is asked to be responsible.", graphql_type=LocalAuthority | None)
    def offered_to(self, info: Info) -> Any:
        """Load the authority."""
        return level(info, self, "offeredTo", authorities_asked)


@strawberry.federation.type(description="One transfer and its place in the list.")
class ResponsibilityTransferEdge:
    """An edge of the connection."""

    cursor: str = told("Where this transfer stands; give it as `after` to go on from here.")
    node: ResponsibilityTransfer = told("The transfer.")


@strawberry.federation.type(description="A page of transfers, the oldest first.")
class ResponsibilityTransferConnection:
    """A page of transfers."""

    edges: list[ResponsibilityTransferEdge] = told("The transfers.")
    page_info: PageInfo = told("Whether the list goes on.")


@strawberry.input(description="One step of a transfer. There is nowhere to say anything of the child.")
class TransferResponsibilityInput:
    """A step."""

    idempotency_key: str = stated(KEY)
    step: TransferStep = stated("What to do.")
    child: strawberry.ID | None = stated("To offer: the child's id.", default=None)
    to: LocalAuthorityCode | None = stated("To offer: the GSS code of the authority asked.", default=None)
    transfer: strawberry.ID | None = stated("To accept, refuse or withdraw: the transfer's id.", default=None)
    instead_of: LocalAuthorityCode | None = stated(
        "To accept where this directory knows a third authority as responsible (`OTHER_RESPONSIBLE`): that authority, "
        "once it has been asked.",
        default=None,
    )


TransferResponsibilityPayload = payload(
    "transferResponsibility", ResponsibilityTransfer, "transfer", "The transfer; null where nothing was changed."
)
