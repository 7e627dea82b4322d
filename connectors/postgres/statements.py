"""The statements that read records: one a level, over arrays of keys, through indexes.

$1 holds the keys, $2 today, $3 this moment. A common table expression is `MATERIALIZED` where the facts in it would
otherwise be computed again for every row they are joined to.
"""

# ruff: noqa: S608 - every part of the text is written in this package; what callers write travels as arguments

from connectors.postgres.facts import CARER_FACTS, CARER_KIN, CHILD_FACTS, CHILD_KIN

_CHILD = f"""
    kin.twins, c.id, c.authority, c.given_name, c.family_name, c.date_of_birth, c.gender,
    c.address_lines, c.postcode, c.uprn, c.address_status, c.nhs_number, c.upn,
    c.name_source, c.name_asserted_at, c.name_confirmed_at,
    c.birth_source, c.birth_asserted_at, c.birth_confirmed_at,
    c.address_source, c.address_asserted_at, c.address_confirmed_at,
    c.nhs_number_source, c.nhs_number_asserted_at, c.nhs_number_confirmed_at,
    c.upn_source, c.upn_asserted_at, c.upn_confirmed_at,
    (SELECT lead.practitioner_id FROM involvement lead
     WHERE lead.child_id = ANY(kin.twins) AND lead.is_lead_professional AND NOT lead.sensitive
       AND (lead.ended_on IS NULL OR lead.ended_on > $2)
     ORDER BY lead.started_on DESC, lead.id LIMIT 1) AS lead_professional,
    EXISTS (SELECT FROM involvement assessed
     WHERE assessed.child_id = ANY(kin.twins) AND assessed.common_assessment_completed AND NOT assessed.sensitive
       AND (assessed.ended_on IS NULL OR assessed.ended_on > $2)) AS common_assessment_completed,
    {CHILD_FACTS}"""

CHILDREN = f"SELECT {_CHILD} FROM child c, {CHILD_KIN} WHERE c.id = ANY($1::uuid[])"

# Every row that is the same child, beside the row asked for: what hangs on a joined record belongs to the child.
_ASKED = """
asked AS MATERIALIZED (
    SELECT c.id AS child_id, twin.id AS row_id FROM child c JOIN child twin ON twin.identity_id = c.identity_id
    WHERE c.id = ANY($1::uuid[]))"""

FORMER_NAMES = f"""
WITH {_ASKED}
SELECT asked.child_id, given_name, family_name, used_from, used_until
FROM asked JOIN child_former_name former ON former.child_id = asked.row_id
ORDER BY used_until DESC NULLS LAST, used_from DESC NULLS LAST, family_name, given_name"""

_CARER = f"""
    k.id, k.name, k.address_lines, k.postcode, k.uprn, k.telephone, k.email,
    k.source, k.asserted_at, k.confirmed_at,
    {CARER_FACTS}"""

CARERS_BY_ID = f"SELECT {_CARER} FROM carer k, {CARER_KIN} WHERE k.id = ANY($1::uuid[])"

CARERS = f"""
WITH {_ASKED},
link AS MATERIALIZED (
    SELECT DISTINCT ON (asked.child_id, held.carer_id)
        asked.child_id, held.carer_id, held.relationship, held.has_parental_responsibility,
        held.source, held.asserted_at, held.confirmed_at
    FROM asked JOIN child_carer held ON held.child_id = asked.row_id
    WHERE held.until IS NULL OR held.until > $2
    ORDER BY asked.child_id, held.carer_id, asked.row_id <> asked.child_id, held.confirmed_at DESC),
cared AS MATERIALIZED (
    SELECT {_CARER} FROM carer k, {CARER_KIN} WHERE k.id = ANY(ARRAY(SELECT DISTINCT carer_id FROM link)))
SELECT cared.*, link.child_id, link.relationship, link.has_parental_responsibility,
    link.source AS link_source, link.asserted_at AS link_asserted_at, link.confirmed_at AS link_confirmed_at
FROM link JOIN cared ON cared.id = link.carer_id
ORDER BY link.has_parental_responsibility DESC, cared.name, cared.id"""

# An authority as corporate parent leads to no child: that road would be a page through all children in care (S1).
CHILDREN_OF_CARERS = f"""
WITH link AS MATERIALIZED (
    SELECT carer_id, child_id FROM child_carer
    WHERE carer_id = ANY($1::uuid[]) AND (until IS NULL OR until > $2) AND relationship <> 'CORPORATE_PARENT'),
cared AS MATERIALIZED (
    SELECT {_CHILD} FROM child c, {CHILD_KIN} WHERE c.id = ANY(ARRAY(SELECT DISTINCT child_id FROM link)))
SELECT link.carer_id, cared.* FROM link JOIN cared ON cared.id = link.child_id
ORDER BY cared.date_of_birth, cared.id"""

_SETTING = """
    s.id, s.kind, s.name, s.urn, s.ukprn, s.ods_code, s.address_lines, s.postcode, NULL::text AS uprn,
    s.telephone, s.email, s.authority, s.source, s.asserted_at, s.confirmed_at"""

SETTINGS_BY_ID = f"SELECT {_SETTING} FROM setting s WHERE s.id = ANY($1::uuid[])"
SETTING_BY_ODS_CODE = f"SELECT {_SETTING} FROM setting s WHERE s.ods_code = $1"

SETTINGS = f"""
WITH {_ASKED},
link AS MATERIALIZED (
    SELECT DISTINCT ON (asked.child_id, held.setting_id)
        asked.child_id, held.setting_id, held.started_on, held.source, held.asserted_at, held.confirmed_at
    FROM asked JOIN child_setting held ON held.child_id = asked.row_id
    WHERE held.ended_on IS NULL OR held.ended_on > $2
    ORDER BY asked.child_id, held.setting_id, asked.row_id <> asked.child_id, held.started_on)
SELECT {_SETTING}, link.child_id, link.started_on,
    link.source AS link_source, link.asserted_at AS link_asserted_at, link.confirmed_at AS link_confirmed_at
FROM link JOIN setting s ON s.id = link.setting_id
ORDER BY s.kind = 'GP_PRACTICE', link.started_on DESC NULLS LAST, s.name, s.id"""

# From a school that closed, along its successors to the nearest that is open; a path never meets itself.
SETTING_BY_URN = f"""
WITH RECURSIVE chain(urn, path, rank) AS (
    SELECT $1::text, ARRAY[$1::text], 0
    UNION ALL
    SELECT link.linked_urn, chain.path || link.linked_urn, (link.relation <> 'SUCCESSOR')::integer
    FROM chain JOIN setting_link link ON link.urn = chain.urn AND link.relation IN ('SUCCESSOR', 'MERGED')
    WHERE link.linked_urn <> ALL(chain.path) AND cardinality(chain.path) < 20
      AND NOT EXISTS (SELECT FROM setting open WHERE open.urn = chain.urn AND open.status <> 'CLOSED'))
SELECT {_SETTING} FROM chain JOIN setting s ON s.urn = chain.urn
WHERE s.status = 'OPEN' OR s.urn = $1
ORDER BY s.status = 'OPEN' DESC, cardinality(chain.path), chain.rank, s.opened_on DESC NULLS LAST, s.urn
LIMIT 1"""


def consent_of(work: str, *, row: str, now: str) -> str:
    """Return how the footing of the involvement `work` stands, which hangs on the child's record `row`."""
    return f"""
    CASE WHEN {work}.sensitive THEN COALESCE((
        SELECT CASE WHEN latest.withdrawn_at IS NOT NULL THEN 'withdrawn'
                    WHEN latest.expires_at <= {now} THEN 'expired'
                    WHEN latest.basis = 'significant-harm' THEN 'significant-harm'
                    WHEN latest.scope = 'record-only' THEN 'record-only'
                    ELSE 'given' END
        FROM involvement_consent latest
        WHERE latest.child_id = {row} AND latest.involvement_id = {work}.id AND latest.given_at <= {now}
        ORDER BY latest.version DESC LIMIT 1), 'missing') ELSE 'none-needed' END"""


_INVOLVEMENT = f"""
    i.child_id, i.id, i.carer_id, i.practitioner_id, i.agency_id, i.service, i.sensitive, i.started_on, i.ended_on,
    i.is_lead_professional, i.common_assessment_completed, i.source, i.asserted_at, i.confirmed_at,
    (i.ended_on IS NULL OR i.ended_on > $2) AS active,
    {consent_of("i", row="i.row_id", now="$3")} AS consent,
    (SELECT door.telephone FROM safeguarding_contact door
        WHERE door.authority = facts.facts_home AND door.role = 'FRONT_DOOR' AND door.telephone IS NOT NULL
        ORDER BY door.position, door.id LIMIT 1) AS brokered_contact,
    facts.facts_home, facts.facts_standing, facts.facts_shield, facts.facts_practitioners, facts.facts_carers,
    facts.facts_conflicted"""
_ACTIVE_FIRST = "ORDER BY active DESC, i.started_on DESC, i.id"


def _involvements(held: str) -> str:
    """Return the statement over `held`: involvements with the child they are told of and the row they hang on."""
    return f"""
WITH {held},
facts AS MATERIALIZED (
    SELECT c.id AS facts_child, {CHILD_FACTS} FROM child c, {CHILD_KIN}
    WHERE c.id = ANY(ARRAY(SELECT DISTINCT child_id FROM i)))
SELECT {_INVOLVEMENT} FROM i JOIN facts ON facts.facts_child = i.child_id
{_ACTIVE_FIRST}"""


_EACH = """
i AS MATERIALIZED (SELECT work.*, work.child_id AS row_id FROM involvement work WHERE {0})"""

INVOLVEMENTS = _involvements(f"""{_ASKED},
i AS MATERIALIZED (
    SELECT asked.child_id, asked.row_id, work.id, work.carer_id, work.practitioner_id, work.agency_id, work.service,
        work.sensitive, work.started_on, work.ended_on, work.is_lead_professional, work.common_assessment_completed,
        work.source, work.asserted_at, work.confirmed_at
    FROM asked JOIN involvement work ON work.child_id = asked.row_id AND work.carer_id IS NULL)""")
INVOLVEMENTS_OF_CARERS = _involvements(_EACH.format("work.carer_id = ANY($1::uuid[])"))
INVOLVEMENTS_BY_ID = _involvements(_EACH.format("work.id = ANY($1::uuid[])"))

PRACTITIONERS = """
SELECT p.id, p.name, p.role, p.agency, p.telephone, p.email, a.sensitive
FROM practitioner p JOIN agency a ON a.id = p.agency WHERE p.id = ANY($1::uuid[])"""

_CONTACTS = """
    ARRAY(SELECT ROW(s.role, s.name, s.telephone, s.email, s.hours) FROM safeguarding_contact s
          WHERE s.{0} ORDER BY s.position, s.id) AS contacts"""

AGENCIES = f"""
SELECT a.id, a.name, a.kind, a.authority, a.sensitive, {_CONTACTS.format("agency = a.id")}
FROM agency a WHERE a.id = ANY($1::uuid[])"""

AUTHORITIES = f"""
SELECT a.code, a.legacy_code, a.name, a.gateway_status, {_CONTACTS.format("authority = a.code")}
FROM authority a WHERE a.code = ANY($1::text[]) OR a.legacy_code = ANY($1::text[])"""
