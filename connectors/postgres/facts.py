"""The facts a class is made of, computed in SQL by one fragment, so that every road to a record agrees.

Statements take $1, the keys; $2, today as a local date; and, where consent is read, $3, this moment.
"""

# ruff: noqa: S608 - every part of the text is written in this package; what callers write travels as arguments

from typing import Any, Protocol

from gateway.records import ChildFacts
from gateway.vocabulary import AuthorityCode, RecordStanding, Shield

NO_ONE_HOME = AuthorityCode("")
"""The home of a carer whose children have none or several: nobody's own authority."""

_SHIELDS = {shield.value: shield for shield in Shield}
_STANDINGS = {standing.value: standing for standing in RecordStanding}


class Row(Protocol):
    """A row of an answer, by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return one value."""
        ...


def _facts_over(scope: str) -> str:
    """Return the columns for the facts of all children in `scope`, a relation of (child_id, identity_id).

    Shield and conflict stand on the identity: they hold for every row that is the same child (domain rule H4).
    """
    return f"""
    COALESCE(
        (SELECT CASE WHEN bool_or(held.decided_at IS NOT NULL) THEN 'active' ELSE 'provisional' END
         FROM {scope} s JOIN shield held ON held.identity_id = s.identity_id AND held.lifted_at IS NULL
         HAVING count(*) > 0),
        CASE WHEN EXISTS (
            SELECT FROM {scope} s
            JOIN child twin ON twin.identity_id = s.identity_id
            JOIN child_carer own ON own.child_id = twin.id AND (own.until IS NULL OR own.until > $2)
            JOIN child_carer other ON other.carer_id = own.carer_id AND (other.until IS NULL OR other.until > $2)
            JOIN child sibling ON sibling.id = other.child_id
            JOIN shield held ON held.identity_id = sibling.identity_id AND held.lifted_at IS NULL)
        THEN 'associated' ELSE 'none' END) AS facts_shield,
    ARRAY(
        SELECT work.practitioner_id FROM {scope} s
        JOIN involvement work ON work.child_id = s.child_id AND work.carer_id IS NULL
            AND (work.ended_on IS NULL OR work.ended_on > $2)) AS facts_practitioners,
    ARRAY(
        SELECT link.carer_id FROM {scope} s
        JOIN child_carer link ON link.child_id = s.child_id AND link.has_parental_responsibility
            AND (link.until IS NULL OR link.until > $2)) AS facts_carers,
    ARRAY(
        SELECT declared.practitioner_id FROM {scope} s
        JOIN child twin ON twin.identity_id = s.identity_id
        JOIN conflict declared ON declared.child_id = twin.id AND declared.lifted_at IS NULL) AS facts_conflicted"""


_OF_CARER = """(SELECT cared.id AS child_id, cared.identity_id
         FROM child_carer care JOIN child cared ON cared.id = care.child_id
         WHERE care.carer_id = k.id AND (care.until IS NULL OR care.until > $2))"""

# A child born on 29 February comes of age on 1 March.
CHILD_FACTS = f"""
    c.authority AS facts_home,
    CASE WHEN c.standing = 'live' AND c.date_of_birth <= ($2::date - interval '18 years') THEN 'adult'
         ELSE c.standing END AS facts_standing,
    {_facts_over("(SELECT c.id AS child_id, c.identity_id)")}"""
"""Columns over a child `c`."""

CARER_FACTS = f"""
    (SELECT CASE WHEN count(DISTINCT cared.authority) = 1 THEN min(cared.authority) END
     FROM child_carer care JOIN child cared ON cared.id = care.child_id
     WHERE care.carer_id = k.id AND (care.until IS NULL OR care.until > $2)) AS facts_home,
    'live' AS facts_standing,
    {_facts_over(_OF_CARER)}"""
"""Columns over a carer `k`: the facts of all children in the carer's current care, joined to the strictest."""


def read_facts(row: Row) -> ChildFacts:
    """Return the facts in a row selected with either set of columns."""
    return ChildFacts(
        shield=_SHIELDS[row["facts_shield"]],
        standing=_STANDINGS[row["facts_standing"]],
        home=row["facts_home"] or NO_ONE_HOME,
        practitioners=frozenset(row["facts_practitioners"]),
        carers=frozenset(row["facts_carers"]),
        conflicted=frozenset(row["facts_conflicted"]),
    )
