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


def _shield(*, identity: str) -> str:
    """Return the strictest shield on an identity, or on any of several; `kin.twins` are the rows of those."""
    return f"""COALESCE(
        (SELECT CASE WHEN bool_or(held.decided_at IS NOT NULL) THEN 'active' ELSE 'provisional' END
         FROM shield held WHERE held.identity_id {identity} AND held.lifted_at IS NULL
         HAVING count(*) > 0),
        CASE WHEN EXISTS (
            SELECT FROM child_carer own
            JOIN child_carer other ON other.carer_id = own.carer_id AND other.child_id <> own.child_id
                AND (other.until IS NULL OR other.until > $2)
            JOIN child sibling ON sibling.id = other.child_id
            JOIN shield held ON held.identity_id = sibling.identity_id AND held.lifted_at IS NULL
            WHERE own.child_id = ANY(kin.twins) AND own.relationship <> 'CORPORATE_PARENT'
              AND (own.until IS NULL OR own.until > $2))
        THEN 'associated' ELSE 'none' END)"""


def _facts(*, identity: str) -> str:
    """Return the columns for the facts of the children of an identity, or of any of several.

    All facts stand on the identity: they hold for every row that is the same child (domain rule H4).
    `kin.twins` are the rows of those identities. An authority that is the corporate parent of many leads from none of
    them to another.
    """
    return f"""
    {_shield(identity=identity)} AS facts_shield,
    ARRAY(
        SELECT work.practitioner_id FROM involvement work
        WHERE work.child_id = ANY(kin.twins) AND work.carer_id IS NULL
          AND (work.ended_on IS NULL OR work.ended_on > $2)) AS facts_practitioners,
    ARRAY(
        SELECT link.carer_id FROM child_carer link
        WHERE link.child_id = ANY(kin.twins) AND link.has_parental_responsibility
          AND (link.until IS NULL OR link.until > $2)) AS facts_carers,
    ARRAY(
        SELECT declared.practitioner_id FROM conflict declared
        WHERE declared.child_id = ANY(kin.twins) AND declared.lifted_at IS NULL) AS facts_conflicted"""


# A child born on 29 February comes of age on 1 March.
_STANDING = """CASE
        WHEN c.standing IN ('live', 'left-england') AND c.date_of_birth > ($2::date - interval '18 years')
            THEN c.standing
        WHEN c.standing IN ('live', 'left-england', 'adult') THEN CASE WHEN EXISTS (
                SELECT FROM kept_by_consent kept
                WHERE kept.child_id = ANY(kin.twins) AND kept.withdrawn_at IS NULL AND c.date_of_birth > ($2::date -
                    CASE kept.ground WHEN 'youth-support' THEN interval '19 years' ELSE interval '25 years' END))
            THEN 'adult-with-consent' ELSE 'adult' END
        WHEN c.standing = 'deceased' AND c.died_on > ($2::date - interval '1 year') THEN 'deceased'
        ELSE 'archived' END"""
"""Where the record of a child `c` stands today (domain rules T1, T2); what is not known to be in time is archived."""

CHILD_FACTS = f"""
    c.authority AS facts_home,
    {_STANDING} AS facts_standing,
    {_facts(identity="= c.identity_id")}"""
"""Columns over a child `c` and its `kin`."""

CHILD_SHIELD = _shield(identity="= c.identity_id")
"""The same shield alone."""

# OFFSET 0 keeps the planner from computing the arrays again for every place that mentions them.
CHILD_KIN = """LATERAL (
    SELECT ARRAY(SELECT twin.id FROM child twin WHERE twin.identity_id = c.identity_id) AS twins OFFSET 0) kin"""

CARER_FACTS = f"""
    kin.home AS facts_home, CASE WHEN kin.live THEN 'live' ELSE 'archived' END AS facts_standing,
    {_facts(identity="= ANY(kin.identities)")}"""
"""Columns over a carer `k` and its `kin`: the facts of all children in its current care, joined to the strictest.

Only the standing is joined to the laxest: a carer is held for as long as one child in its care is (domain rule T1).
"""

# Children who are in the directory still: those who have left it say nothing of their carers any more.
_HELD = "c.standing IN ('live', 'left-england') AND c.date_of_birth > ($2::date - interval '18 years')"

# The authority as corporate parent of many is near to none of them: it lends its children's facts to nobody, and the
# link to any of them says whose authority it is.
CARER_KIN = f"""LATERAL (
    SELECT cared.identities, COALESCE(cared.home, (
            SELECT c.authority FROM child_carer care JOIN child c ON c.id = care.child_id
            WHERE care.carer_id = k.id AND cared.identities IS NULL LIMIT 1)) AS home,
        EXISTS (
            SELECT FROM child_carer care JOIN child c ON c.id = care.child_id
            WHERE care.carer_id = k.id AND (care.until IS NULL OR care.until > $2)
              AND {_HELD}) AS live,
        ARRAY(SELECT twin.id FROM child twin WHERE twin.identity_id = ANY(cared.identities)) AS twins
    FROM (
        SELECT array_agg(c.identity_id) AS identities,
            CASE WHEN min(c.authority) FILTER (WHERE {_HELD}) = max(c.authority) FILTER (WHERE {_HELD})
                 THEN min(c.authority) FILTER (WHERE {_HELD}) END AS home
        FROM child_carer care JOIN child c ON c.id = care.child_id
        WHERE care.carer_id = k.id AND care.relationship <> 'CORPORATE_PARENT'
          AND (care.until IS NULL OR care.until > $2)) cared
    OFFSET 0) kin"""


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
