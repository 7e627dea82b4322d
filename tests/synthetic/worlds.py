"""Small made-up worlds for tests, and their rows read back as values."""

from collections import defaultdict
from datetime import date
from itertools import chain

from connectors.synthetic.families import slice_rows
from connectors.synthetic.register import practitioner_blocks, practitioner_rows, register_rows
from connectors.synthetic.rows import COLUMNS, NULL
from connectors.synthetic.world import Authority, World

AS_OF = date(2026, 11, 22)
TRAFFORD = Authority("E08000009", "358", "Trafford")


def a_world(*, children=2_000, seed=1, as_of=AS_OF, authority=TRAFFORD, **stated):
    return World(authority=authority, children=children, seed=seed, as_of=as_of, **stated)


def everything(world):
    """Return every row of a world as {table: [{column: text or None}]}."""
    parts = chain(
        [register_rows(world)],
        (practitioner_rows(world, block) for block in range(practitioner_blocks(world))),
        (slice_rows(world, number) for number in range(world.slices)),
    )
    tables = defaultdict(list)
    for part in parts:
        for table, lines in part.items():
            tables[table] += [_record(table, line) for line in lines]
    return tables


def _record(table, line):
    values = (None if value == NULL else value for value in line.split("\t"))
    return dict(zip(COLUMNS[table], values, strict=True))


async def digests(connection):
    """Return a digest of each table's rows, whatever their order and the numbers the database gave them."""
    return {
        table: await connection.fetchval(
            f"SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE \"C\")) "  # noqa: S608 - the project's own names
            f"FROM (SELECT ({', '.join(columns)})::text AS line FROM {table}) AS lines"
        )
        for table, columns in COLUMNS.items()
    }
