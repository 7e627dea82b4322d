"""Whether a list goes on."""

from collections.abc import Sequence
from typing import Protocol

import strawberry

from schema.told import told


@strawberry.federation.type(description="Whether the list goes on.", shareable=True)
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = told("Whether there is more behind this page.")
    has_previous_page: bool = told("Whether this page was gone on to from another; of an access log, always false.")
    start_cursor: str | None = told("Cursor of the first entry on this page.")
    end_cursor: str | None = told("Cursor of the last entry on this page.")


class Edge(Protocol):
    """One entry's place in a list."""

    @property
    def cursor(self) -> str:
        """Return the cursor."""
        ...


def page_info(edges: Sequence[Edge], *, has_more: bool, after: str | None) -> PageInfo:
    """Return what is said of a page that was read behind a cursor."""
    return PageInfo(
        has_next_page=has_more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
