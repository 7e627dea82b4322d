"""Practitioners."""

from typing import Any

from strawberry.types import Info

from gateway.vocabulary import RecordType
from resolvers.practitioners import agencies_of
from schema.agency import Agency
from schema.levels import level
from schema.node import Node
from schema.told import record_type, resolved, told
from schema.withheld import Withheld


@record_type(RecordType.PRACTITIONER, "A person whom an agency vouches for.")
class Practitioner(Node):
    """A practitioner."""

    name: str | None = told("Name.")
    role: str | None = told("What they do, such as School nurse.")
    telephone: str | None = told("Telephone number at work.")
    email: str | None = told("Email address at work.")
    withheld: list[Withheld] = told("Selected fields that are not told.")

    @resolved(description="The agency they work for.", graphql_type=Agency | None)
    def agency(self, info: Info) -> Any:
        """Load the agency."""
        return level(info, self, "agency", agencies_of)
