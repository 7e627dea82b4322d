"""Where a told value comes from."""

from datetime import datetime

import strawberry

from schema.told import told


@strawberry.federation.type(description="Who says a told value, and how fresh it is.")
class Provenance:
    """The provenance of one field."""

    field: str = told("The field whose value this is about.")
    source: str = told("The source that asserts the value.")
    asserted_at: datetime = told("When the source first asserted this value.")
    last_confirmed_at: datetime = told("When the source last confirmed it.")
    stale: bool = told("True once it was last confirmed longer ago than its freshness limit.")
