"""What a search found, and who was asked."""

import strawberry

from schema.candidate import Candidate
from schema.sizes import Size
from schema.source_outcome import SourceOutcome
from schema.told import told


@strawberry.federation.type(description="What a search found, and which sources were asked.")
class ChildSearch:
    """A search's result."""

    candidates: list[Candidate] = told("Candidates, best first.")
    sources: list[SourceOutcome] = told("Each source asked, and how it answered.", size=Size(assumed=10))
