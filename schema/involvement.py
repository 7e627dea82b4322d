"""Involvements."""

from datetime import date
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import RecordType, Service
from resolvers.children import children_of_involvements
from resolvers.practitioners import agencies_of, practitioners_of_involvements
from schema.agency import Agency
from schema.levels import level
from schema.node import Node
from schema.practitioner import Practitioner
from schema.provenance import Provenance
from schema.told import record_type, resolved, told
from schema.withheld import Withheld

ChildRef = Annotated["Child", strawberry.lazy("schema.child")]  # type: ignore[name-defined]  # noqa: F821  # a cycle: a child has involvements


@record_type(RecordType.INVOLVEMENT, "That an agency works with a child: a pointer, never case content.")
class Involvement(Node):
    """An involvement."""

    service: Service | None = told("The service provided.")
    started_on: date | None = told("First day.")
    ended_on: date | None = told("Last day; null while it is under way.")
    active: bool | None = told("Whether it is under way.")
    is_lead_professional: bool | None = told("Whether the practitioner is the child's lead professional.")
    common_assessment_completed: bool | None = told("Whether a common assessment was completed; never what it says.")
    brokered_contact: str | None = told("Telephone number of the front door, which puts two practitioners in touch.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
    provenance: list[Provenance] | None = told("Where the told values come from.")

    @resolved(description="The child.", graphql_type=ChildRef | None)
    def child(self, info: Info) -> Any:
        """Load the child."""
        return level(info, self, "child", children_of_involvements)

    @resolved(description="The practitioner who provides it.", graphql_type=Practitioner | None)
    def practitioner(self, info: Info) -> Any:
        """Load the practitioner."""
        return level(info, self, "practitioner", practitioners_of_involvements)

    @resolved(description="The agency that provides it.", graphql_type=Agency | None)
    def agency(self, info: Info) -> Any:
        """Load the agency."""
        return level(info, self, "agency", agencies_of)
