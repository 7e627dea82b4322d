"""Who the gateway thinks the caller is."""

from typing import Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import CallerStanding, RecordType
from resolvers.authorities import authorities_of_callers
from schema.levels import level
from schema.local_authority import LocalAuthority
from schema.told import record_type, resolved, told
from schema.withheld import Withheld


@record_type(RecordType.CALLER, "Who the gateway thinks you are, and what you may ask.", entity=False)
class Caller:
    """The caller."""

    id: strawberry.ID = told("The person, as your token names you.")
    name: str | None = told("Your name.")
    role: str | None = told("The role you ask in.")
    agency: str | None = told("The agency you ask for.")
    mediated_for: str | None = told("The person you ask for, if you mediate.")
    standing: CallerStanding | None = told("Whether you are entitled to ask.")
    purposes: list[str] | None = told("The purposes of access your role may state.")
    remaining_searches: int | None = told("Searches you have left in the rolling day.")
    withheld: list[Withheld] = told("Selected fields that are not told.")

    @resolved(description="The authority you ask from.", graphql_type=LocalAuthority | None)
    def authority(self, info: Info) -> Any:
        """Load the authority."""
        return level(info, self, "authority", authorities_of_callers)
