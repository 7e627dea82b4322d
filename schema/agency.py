"""Agencies."""

from typing import Any

from strawberry.types import Info

from gateway.vocabulary import RecordType
from resolvers.authorities import authorities_of
from schema.levels import level
from schema.local_authority import LocalAuthority
from schema.node import Node
from schema.safeguarding_contact import SafeguardingContact
from schema.told import record_type, resolved, told
from schema.withheld import Withheld


@record_type(RecordType.AGENCY, "An accredited body that employs practitioners.", entity=False)
class Agency(Node):
    """An agency."""

    name: str | None = told("Name of the agency.")
    kind: str | None = told("What it is: health, education, social-care, police, youth, voluntary or authority.")
    safeguarding_contacts: list[SafeguardingContact] | None = told("Whom to ask for safeguarding advice.")
    withheld: list[Withheld] = told("Selected fields that are not told.")

    @resolved(description="The authority in whose area it works.", graphql_type=LocalAuthority | None)
    def local_authority(self, info: Info) -> Any:
        """Load the authority."""
        return level(info, self, "localAuthority", authorities_of)
