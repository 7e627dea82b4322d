"""Local authorities."""

from gateway.vocabulary import RecordType
from schema.local_authority_code import LocalAuthorityCode
from schema.node import Node
from schema.safeguarding_contact import SafeguardingContact
from schema.told import record_type, told
from schema.withheld import Withheld


@record_type(RecordType.LOCAL_AUTHORITY, "The agency with statutory duty for an area.")
class LocalAuthority(Node):
    """A local authority."""

    code: LocalAuthorityCode = told("GSS code.")
    legacy_code: str | None = told("The older three-digit code.")
    name: str | None = told("Name of the authority.")
    gateway_status: str | None = told("Whether its gateway can be asked: HOME, REACHABLE, UNREACHABLE or UNKNOWN.")
    safeguarding_contacts: list[SafeguardingContact] | None = told("Whom to ask for safeguarding advice.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
