"""Where plans begin: one child, or one search; each as the root field of the same name in `schema.query`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from graphql import FieldNode, GraphQLObjectType, get_named_type

from gateway.ports import Criteria
from gateway.vocabulary import AuthorityCode, ChildId, RecordType
from resolvers.asking import Asking
from resolvers.authorities import ask_home
from resolvers.children import child_by_identifier, children_by_id
from resolvers.search import candidates_for
from schema.plan_objects import ObjectPlan, Run
from schema.plan_selection import Collector, NotPlanned


class Root(Protocol):
    """A root field with all that is selected below it."""

    below: ObjectPlan

    def covers(self, arguments: Mapping[str, Any], asking: Asking) -> bool:
        """Return whether these arguments lead to the home directory alone."""
        ...

    async def answer(self, run: Run, arguments: Mapping[str, Any]) -> Any:
        """Return what the field comes to."""
        ...


class ChildRoot:
    """`child`."""

    def __init__(self, of: GraphQLObjectType, nodes: Sequence[FieldNode], collector: Collector) -> None:
        """Plan what is selected of the child."""
        self.below = ObjectPlan(of, nodes, collector)

    def covers(self, arguments: Mapping[str, Any], asking: Asking) -> bool:
        """Return whether no other authority is named, and the child is not one of another authority."""
        elsewhere = asking.ids.meant_elsewhere(arguments["by"].get("id") or "")
        return elsewhere is None and not _others(arguments, asking.road.ask.home)

    async def answer(self, run: Run, arguments: Mapping[str, Any]) -> Any:
        """Return the child, or None."""
        asking, by = run.asking, arguments["by"]
        ask_home(asking)
        if by.get("id"):
            child_id = asking.ids.meant_as(RecordType.CHILD, by["id"])
            if child_id is None:
                return None
            child = (await children_by_id(asking, [ChildId(child_id)], self.below.selection))[0]
        else:
            child = await child_by_identifier(
                asking, self.below.selection, nhs_number=by.get("nhsNumber") or None, upn=by.get("upn") or None
            )
        return None if child is None else (await self.below.told(run, [child]))[0]


class SearchRoot:
    """`searchChildren`, where it tells candidates and nothing of sources."""

    def __init__(self, of: GraphQLObjectType, nodes: Sequence[FieldNode], collector: Collector) -> None:
        """Plan what is selected of the candidates.

        Raises:
            NotPlanned: More than one list of candidates is selected, or something beside them.
        """
        fields = collector.below(nodes, of)
        if len(fields) != 1:
            raise NotPlanned
        ((self._key, places),) = fields.items()
        if places[0].name.value != "candidates":
            raise NotPlanned
        candidate = get_named_type(of.fields["candidates"].type)
        if not isinstance(candidate, GraphQLObjectType):
            raise NotPlanned
        self.below = ObjectPlan(candidate, places, collector)

    def covers(self, arguments: Mapping[str, Any], asking: Asking) -> bool:
        """Return whether no other authority is named."""
        return not _others(arguments, asking.road.ask.home)

    async def answer(self, run: Run, arguments: Mapping[str, Any]) -> Any:
        """Return the search's result."""
        asking = run.asking
        found = await candidates_for(
            asking, _criteria(arguments["criteria"]), self.below.selection, first=arguments["first"]
        )
        ask_home(asking)
        return {self._key: await self.below.told(run, found)}


def _others(arguments: Mapping[str, Any], home: AuthorityCode) -> set[str]:
    return {str(code) for code in arguments.get("authorities") or ()} - {home}


def _criteria(stated: Mapping[str, Any]) -> Criteria:
    return Criteria(
        given_name=stated.get("givenName"),
        family_name=stated.get("familyName"),
        date_of_birth=stated.get("dateOfBirth"),
        gender=stated.get("gender"),
        postcode=stated.get("postcode"),
        nhs_number=stated.get("nhsNumber"),
        upn=stated.get("upn"),
    )


ROOTS: Mapping[str, Callable[[GraphQLObjectType, Sequence[FieldNode], Collector], Root]] = {
    "child": ChildRoot,
    "searchChildren": SearchRoot,
}
"""By name, how a root field is planned."""
