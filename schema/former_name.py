"""A name a child was known by before."""

from datetime import date

import strawberry

from schema.told import told


@strawberry.federation.type(description="A name a child was known by before.")
class FormerName:
    """A former name."""

    given_name: str | None = told("Given name, where it was another.")
    family_name: str = told("Family name.")
    used_from: date | None = told("First day of use, where the source gives it.")
    used_until: date | None = told("Last day of use, where the source gives it.")
