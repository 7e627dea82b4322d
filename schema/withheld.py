"""What was not told, and what can be done about it."""

import strawberry

from schema.local_authority_code import LocalAuthorityCode
from schema.told import told


@strawberry.federation.type(
    description="A selected field that is null because policy withholds it, as far as policy lets that be said. Where "
    "another authority withholds its part, the field holds what the others tell."
)
class Withheld:
    """A withheld field."""

    field: str = told("The field that was not told.")
    reason: str = told("Why, in a code such as SHIELDED or SENSITIVE; the codes are explained in the README.")
    remedy: str = told("What can be done: REQUEST_BROKER, SEEK_CONSENT, ASK_PUBLIC_INTEREST_GRANT or NONE.")
    authority: LocalAuthorityCode | None = told(
        "The authority that does not tell it, by GSS code, where that is another than this gateway's."
    )
