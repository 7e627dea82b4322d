"""What can be changed: one change a request, decided and recorded as a read is, and made once for each key."""

from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import PersonId
from resolvers.suspending import reinstated, suspended
from schema.changing import payload_of, stated_in
from schema.levels import asking_of, selection_of
from schema.suspending import ReinstateCallerInput, ReinstateCallerPayload, SuspendCallerInput, SuspendCallerPayload
from schema.told import resolved

INPUT = strawberry.argument(description="What to change, and under which key.")


@strawberry.federation.type(description="What can be changed in the directory, one change a request.")
class Mutation:
    """The root of every mutation."""

    @resolved(
        description="Suspend a caller's access at once, from the next request on, on every gateway of the authority.",
        graphql_type=SuspendCallerPayload,
    )
    async def suspend_caller(self, info: Info, input: Annotated[SuspendCallerInput, INPUT]) -> Any:
        """Suspend a caller."""
        outcome = await suspended(
            asking_of(info),
            stated_in(info, input),
            selection_of(info, "suspension"),
            person=PersonId(input.person),
            reason=input.reason,
            until=input.until,
        )
        return payload_of(SuspendCallerPayload, outcome, as_field="suspension")

    @resolved(
        description="Give a suspended caller access back; somebody else than who suspended them does so.",
        graphql_type=ReinstateCallerPayload,
    )
    async def reinstate_caller(self, info: Info, input: Annotated[ReinstateCallerInput, INPUT]) -> Any:
        """Reinstate a caller."""
        outcome = await reinstated(
            asking_of(info),
            stated_in(info, input),
            selection_of(info, "suspension"),
            person=PersonId(input.person),
            reason=input.reason,
        )
        return payload_of(ReinstateCallerPayload, outcome, as_field="suspension")
