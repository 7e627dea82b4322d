"""How a source answered."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import SourceStatus
from resolvers.authorities import authorities_by_code
from schema.levels import load_with_siblings
from schema.local_authority import LocalAuthority
from schema.told import resolved, told


@strawberry.federation.type(description="How one authority's gateway answered; silence is named, never left out.")
class SourceOutcome:
    """The outcome of asking one source."""

    status: SourceStatus = told("What became of asking it.")
    as_of: datetime | None = told("The moment its answer speaks of.")
    elapsed_ms: int | None = told("Milliseconds it took, rounded up to whole tens.")

    @resolved(description="The authority that was asked.", graphql_type=LocalAuthority)
    def authority(self, info: Info) -> Any:
        """Load the authority."""
        return load_with_siblings(info, self.authority_code, authorities_by_code)  # type: ignore[attr-defined]  # self is a SourceNote
