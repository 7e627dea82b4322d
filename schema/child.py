"""Children."""

from datetime import date
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import AddressStatus, Gender, RecordType
from resolvers.authorities import responsible_authorities
from resolvers.carers import carers_of_children
from resolvers.children import former_names_of_children
from resolvers.involvements import involvements_of_children
from resolvers.practitioners import lead_professionals_of_children
from resolvers.responsibility import histories_of_children
from resolvers.settings import settings_of_children
from resolvers.sources import sources_of_children
from schema.address import Address
from schema.carer import Carer
from schema.former_name import FormerName
from schema.involvement import Involvement
from schema.levels import level
from schema.local_authority import LocalAuthority
from schema.node import Node
from schema.practitioner import Practitioner
from schema.provenance import Provenance
from schema.responsibility import ResponsibilityTransfer
from schema.setting import Setting
from schema.sizes import Size
from schema.source_outcome import SourceOutcome
from schema.told import record_type, resolved, told
from schema.withheld import Withheld


@record_type(RecordType.CHILD, "The young person a record is about. Being listed says nothing about need.")
class Child(Node):
    """A child."""

    given_name: str | None = told("Given name in use.")
    family_name: str | None = told("Family name in use.")
    date_of_birth: date | None = told("Date of birth.")
    gender: Gender | None = told("Gender as the source states it.")
    address: Address | None = told("Where the child lives, or lived last; addressStatus says which.")
    address_status: AddressStatus | None = told("Whether the address is current.")
    nhs_number: str | None = told("NHS number.")
    upn: str | None = told("Unique pupil number.")
    common_assessment_completed: bool | None = told("Whether a common assessment was completed; never what it says.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
    provenance: list[Provenance] | None = told("Where the told values come from.")

    @resolved(description="Names the child was known by, most recent first.", graphql_type=list[FormerName] | None)
    def former_names(self, info: Info) -> Any:
        """Load the former names."""
        return level(info, self, "formerNames", former_names_of_children)

    @resolved(
        description="Which authorities were asked for this child, and how each answered; NOT_ASKED are those that were "
        "named, or are known to hold a record of the child, and were not asked.",
        graphql_type=list[SourceOutcome] | None,
        size=Size(assumed=2),
    )
    def sources(self, info: Info) -> Any:
        """Name the sources."""
        return level(info, self, "sources", sources_of_children)

    @resolved(description="The authority responsible for the child.", graphql_type=LocalAuthority | None)
    def responsible_authority(self, info: Info) -> Any:
        """Load the authority."""
        return level(info, self, "responsibleAuthority", responsible_authorities)

    @resolved(
        description="How responsibility for the child has moved between authorities, the oldest offer first.",
        graphql_type=list[ResponsibilityTransfer] | None,
        size=Size(assumed=1),
    )
    def responsibility_history(self, info: Info) -> Any:
        """Load the transfers."""
        return level(info, self, "responsibilityHistory", histories_of_children)

    @resolved(
        description="Who cares for the child, those with parental responsibility first.",
        graphql_type=list[Carer] | None,
        size=Size(assumed=3),
    )
    def carers(self, info: Info) -> Any:
        """Load the carers."""
        return level(info, self, "carers", carers_of_children)

    @resolved(
        description="Where the child is taught and registered with a GP, by kind and name.",
        graphql_type=list[Setting] | None,
        size=Size(assumed=2),
    )
    def settings(self, info: Info) -> Any:
        """Load the settings."""
        return level(info, self, "settings", settings_of_children)

    @resolved(
        description="Who works with the child: those under way first, then the latest started.",
        graphql_type=list[Involvement] | None,
        size=Size(assumed=4),
    )
    def involvements(
        self,
        info: Info,
        active: Annotated[
            bool | None,
            strawberry.argument(
                description="True: only those under way, with those whose state is not told. False: only ended ones."
            ),
        ] = None,
    ) -> Any:
        """Load the involvements."""
        return level(info, self, "involvements", involvements_of_children(active=active))

    @resolved(description="The practitioner who leads the support of the child.", graphql_type=Practitioner | None)
    def lead_professional(self, info: Info) -> Any:
        """Load the lead professional."""
        return level(info, self, "leadProfessional", lead_professionals_of_children)
