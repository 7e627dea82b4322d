"""The search keys of a child, made anew from what its row and its history say."""

from uuid import UUID

from connectors.postgres.database import Connection
from connectors.postgres.keys import name_keys, postcode_key

COLUMNS = (
    "child_id",
    "former",
    "family_key",
    "given_key",
    "given_first_key",
    "family_sound",
    "given_sound",
    "date_of_birth",
    "gender",
    "postcode_key",
)


async def replace_search_keys(connection: Connection, child: UUID) -> None:
    """Replace the keys by those of the current and all former names; part of the transaction that changed them."""
    rows = await connection.fetch(
        """
        SELECT false AS former, given_name, family_name, date_of_birth, gender, postcode FROM child WHERE id = $1
        UNION
        SELECT true, old.given_name, old.family_name, child.date_of_birth, child.gender, child.postcode
        FROM child_former_name AS old JOIN child ON child.id = old.child_id WHERE child.id = $1
        """,
        child,
    )
    records = []
    for row in rows:
        keys = name_keys(given_name=row["given_name"], family_name=row["family_name"])
        records.append(
            (
                child,
                row["former"],
                keys.family,
                keys.given,
                keys.given_first,
                keys.family_sound,
                keys.given_sound,
                row["date_of_birth"],
                row["gender"],
                postcode_key(row["postcode"]) if row["postcode"] else None,
            )
        )
    await connection.execute("DELETE FROM child_search_key WHERE child_id = $1", child)
    await connection.copy_records_to_table("child_search_key", columns=COLUMNS, records=records)
