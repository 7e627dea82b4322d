"""Carers."""

from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import RecordType, Relationship
from resolvers.carers import children_of_carers
from resolvers.involvements import involvements_of_carers
from schema.address import Address
from schema.involvement import Involvement
from schema.levels import level
from schema.node import Node
from schema.provenance import Provenance
from schema.sizes import Size
from schema.told import record_type, resolved, told
from schema.withheld import Withheld

ChildRef = Annotated["Child", strawberry.lazy("schema.child")]  # type: ignore[name-defined]  # noqa: F821  # a cycle: a child has carers


@record_type(RecordType.CARER, "An adult with parental responsibility for a child, or with daily care.")
class Carer(Node):
    """A carer."""

    name: str | None = told("Name.")
    relationship: Relationship | None = told("How the carer is related to the child it was reached by.")
    has_parental_responsibility: bool | None = told("Whether the carer has parental responsibility for that child.")
    address: Address | None = told("Address.")
    telephone: str | None = told("Telephone number.")
    email: str | None = told("Email address.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
    provenance: list[Provenance] | None = told("Where the told values come from.")

    @resolved(
        description="The children in this carer's care, eldest first.",
        graphql_type=list[ChildRef] | None,
        size=Size(assumed=3),
    )
    def children(self, info: Info) -> Any:
        """Load the children."""
        return level(info, self, "children", children_of_carers)

    @resolved(
        description="Adult services that work with this carer, under stricter rules.",
        graphql_type=list[Involvement] | None,
        size=Size(assumed=2),
    )
    def involvements(
        self,
        info: Info,
        active: Annotated[
            bool | None, strawberry.argument(description="Only those under way, or only those that have ended.")
        ] = None,
    ) -> Any:
        """Load the involvements."""
        return level(info, self, "involvements", involvements_of_carers(active=active))
