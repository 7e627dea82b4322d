"""A child that a search may mean."""

from typing import Any

from strawberry.types import Info

from gateway.vocabulary import MatchGrade, MatchReason, RecordType
from resolvers.candidates import children_of_candidates
from schema.child import Child
from schema.levels import level
from schema.told import record_type, resolved, told


@record_type(RecordType.CANDIDATE, "A child that a search may mean.", entity=False)
class Candidate:
    """A candidate."""

    grade: MatchGrade = told("How sure it is that this child is meant.")
    reasons: list[MatchReason] = told("The grounds for the grade.")

    @resolved(description="The child.", graphql_type=Child)
    def child(self, info: Info) -> Any:
        """Load the child."""
        return level(info, self, "child", children_of_candidates)
