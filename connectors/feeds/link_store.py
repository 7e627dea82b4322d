"""The table of links between establishments, such as from a closed school to the academy that took its place."""

from collections.abc import Sequence

from connectors.feeds.gias import Link
from connectors.feeds.outcome import Outcome, Tally
from connectors.postgres.database import Connection

_COLUMNS = ("urn", "linked_urn", "relation", "link_type", "established_on")


async def store_links(connection: Connection, links: Sequence[Link], tally: Tally) -> None:
    """Insert or update the links and count them."""
    await connection.execute("CREATE TEMPORARY TABLE incoming_link (LIKE setting_link) ON COMMIT DROP")
    await connection.copy_records_to_table(
        "incoming_link",
        columns=_COLUMNS,
        records=[tuple(getattr(link, column) for column in _COLUMNS) for link in links],
    )
    tag: str = await connection.execute(
        """
        INSERT INTO setting_link AS held SELECT * FROM incoming_link
        ON CONFLICT (urn, linked_urn, link_type) DO UPDATE
        SET relation = EXCLUDED.relation, established_on = EXCLUDED.established_on
        WHERE (held.relation, held.established_on) IS DISTINCT FROM (EXCLUDED.relation, EXCLUDED.established_on)
        """
    )
    changed = int(tag.rsplit(" ", 1)[1])
    tally.take(Outcome.ACCEPTED, changed)
    tally.take(Outcome.UNCHANGED, len(links) - changed)
