"""Numbers for planning."""

from gateway.vocabulary import AgeBand, RecordType
from schema.told import record_type, told
from schema.withheld import Withheld


@record_type(
    RecordType.COUNT,
    "A number for planning. Where it is small, or would give a small one away, it is not told.",
    entity=False,
)
class Count:
    """A number."""

    age_band: AgeBand | None = told("Whom it counts, by age; null for all ages.")
    number: int | None = told("How many.")
    withheld: list[Withheld] = told("Selected fields that are not told.")
