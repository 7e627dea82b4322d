"""A postal address."""

import strawberry

from schema.told import told


@strawberry.federation.type(description="A postal address; where policy tells the district only, the outward code.")
class Address:
    """An address."""

    lines: list[str] = told("From the most to the least particular; empty where only the district is told.")
    postcode: str | None = told("The postcode, or its outward part where only the district is told.")
    uprn: str | None = told("Unique property reference number.")
