"""A record of any type by the id partners hold, for `node` and for references from other subgraphs."""

from collections.abc import Mapping

from gateway.vocabulary import RecordType
from resolvers.asking import Level
from resolvers.carers import carers_by_id
from resolvers.children import children_by_id
from resolvers.involvements import involvements_by_id
from resolvers.practitioners import agencies_by_id, practitioners_by_id
from resolvers.settings import settings_by_id

BY_ID: Mapping[RecordType, Level] = {
    RecordType.CHILD: children_by_id,
    RecordType.CARER: carers_by_id,
    RecordType.SETTING: settings_by_id,
    RecordType.PRACTITIONER: practitioners_by_id,
    RecordType.INVOLVEMENT: involvements_by_id,
    RecordType.AGENCY: agencies_by_id,
}
"""The resolver that loads each type of record by its ids."""
