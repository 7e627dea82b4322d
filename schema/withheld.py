"""What was not told, and what can be done about it."""

import strawberry

from schema.told import told


@strawberry.federation.type(
    description="A selected field that is null because policy withholds it, as far as policy lets that be said."
)
class Withheld:
    """A withheld field."""

    field: str = told("The field that was not told.")
    reason: str = told("Why, in a code such as SHIELDED or SENSITIVE; the codes are explained in the README.")
    remedy: str = told("What can be done: REQUEST_BROKER, SEEK_CONSENT, ASK_PUBLIC_INTEREST_GRANT or NONE.")
