"""Which resolver a level of a plan is told by; what is not named here runs on graphql-core."""

from collections.abc import Callable, Mapping
from typing import Any

from resolvers.asking import Level
from resolvers.authorities import authorities_of, authorities_of_callers, responsible_authorities
from resolvers.candidates import children_of_candidates
from resolvers.carers import carers_of_children, children_of_carers
from resolvers.children import children_of_involvements
from resolvers.involvements import involvements_of_carers, involvements_of_children
from resolvers.practitioners import agencies_of, lead_professionals_of_children, practitioners_of_involvements
from resolvers.settings import settings_of_children

Arguments = Mapping[str, Any]


def _always(level: Level) -> Callable[[Arguments], Level]:
    return lambda _arguments: level


LEVELS: Mapping[tuple[str, str], Callable[[Arguments], Level]] = {
    ("Candidate", "child"): _always(children_of_candidates),
    ("Child", "responsibleAuthority"): _always(responsible_authorities),
    ("Child", "carers"): _always(carers_of_children),
    ("Child", "settings"): _always(settings_of_children),
    ("Child", "involvements"): lambda arguments: involvements_of_children(active=arguments.get("active")),
    ("Child", "leadProfessional"): _always(lead_professionals_of_children),
    ("Carer", "children"): _always(children_of_carers),
    ("Carer", "involvements"): lambda arguments: involvements_of_carers(active=arguments.get("active")),
    ("Setting", "localAuthority"): _always(authorities_of),
    ("Practitioner", "agency"): _always(agencies_of),
    ("Involvement", "child"): _always(children_of_involvements),
    ("Involvement", "practitioner"): _always(practitioners_of_involvements),
    ("Involvement", "agency"): _always(agencies_of),
    ("Agency", "localAuthority"): _always(authorities_of),
    ("Caller", "authority"): _always(authorities_of_callers),
}
"""By type and field: the resolver for the arguments given."""
