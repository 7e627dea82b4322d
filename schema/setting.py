"""Settings."""

from datetime import date
from typing import Any

from strawberry.types import Info

from gateway.vocabulary import RecordType, SettingKind
from resolvers.authorities import authorities_of
from schema.address import Address
from schema.levels import level
from schema.local_authority import LocalAuthority
from schema.node import Node
from schema.provenance import Provenance
from schema.told import record_type, resolved, told
from schema.withheld import Withheld


@record_type(RecordType.SETTING, "A place where a child is taught, treated or looked after.")
class Setting(Node):
    """A setting."""

    name: str | None = told("Name.")
    kind: SettingKind | None = told("What kind of place it is.")
    urn: str | None = told("Unique reference number of a school.")
    ukprn: str | None = told("UK provider reference number.")
    ods_code: str | None = told("Code of a GP practice in the register of health organisations.")
    address: Address | None = told("Address.")
    telephone: str | None = told("Telephone number.")
    email: str | None = told("Email address.")
    started_on: date | None = told("First day of this child here; null where the setting was not reached by a child.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
    provenance: list[Provenance] | None = told("Where the told values come from.")

    @resolved(description="The authority in whose area it stands.", graphql_type=LocalAuthority | None)
    def local_authority(self, info: Info) -> Any:
        """Load the authority."""
        return level(info, self, "localAuthority", authorities_of)
