"""The statements that read looks; each takes a chunk of callers or looks at a time."""

from typing import Final

# Exact, and not by the order of numbers: a gateway whose clock was wrong must not hide what was asked through it.
RANGE: Final = """
SELECT min(seq) AS lowest, max(seq) AS highest
FROM (SELECT seq FROM ledger_entry WHERE at >= $1 AND at < $2 OFFSET 0) AS asked"""

# What failed says nothing of who asked, nor does a rate that was used up, which may have been an agency's.
# The code of a refusal is read from the canonical text: inside a value every quotation mark is escaped, so that nothing
# a caller wrote can look like it.
LOOKS: Final = r"""
SELECT entry.person, entry.seq, entry.at, entry.role, entry.agency, entry.purpose, entry.searches, touched.tag,
       CASE WHEN entry.outcome = 'refused'
                 AND entry.entry !~ '"codes":\[\{"code":"BUDGET_EXHAUSTED","reason":"(?!budget-exhausted")'
            THEN coalesce(substring(entry.entry FROM '"codes":\[\{"code":"([A-Z_]+)"'), 'INTERNAL') END AS code
FROM ledger_entry AS entry
LEFT JOIN (
    SELECT seq, tag FROM ledger_child WHERE seq BETWEEN $4 AND $5 AND NOT (told || withheld) <@ $6::text[]
) AS touched ON touched.seq = entry.seq
WHERE entry.authority = $1 AND entry.at >= $2 AND entry.at < $3 AND entry.seq BETWEEN $4 AND $5
  AND entry.person IS NOT NULL
ORDER BY entry.person, entry.at, entry.seq"""

CALLERS: Final = """
SELECT count(DISTINCT person) FROM ledger_entry WHERE authority = $1 AND at >= $2 AND at < $3"""

FIRST_ENTRIES: Final = "SELECT seq, entry, leaf_hash FROM ledger_entry WHERE seq = ANY ($1::bigint[])"

CALLER_NAMES: Final = """
SELECT person, name FROM registration WHERE person = ANY ($1::text[])
UNION SELECT person, name FROM practitioner WHERE person = ANY ($1::text[])"""

CALLER_HOMES: Final = """
SELECT known.person, carer.id AS carer, ARRAY[carer.uprn, carer.postcode, carer.address_lines[1]] AS home
FROM (SELECT person, id FROM carer WHERE person = ANY ($1::text[])
      UNION SELECT person, subject_carer FROM registration
      WHERE person = ANY ($1::text[]) AND subject_carer IS NOT NULL) AS known
JOIN carer ON carer.id = known.id"""

# Where a shielded child and its carers live now is not read at all; where it lived before is, for it is from there
# that a shielded child may be sought.
CHILDREN: Final = """
WITH touched AS MATERIALIZED (
    SELECT key.tag, child.identity_id,
           ARRAY(SELECT held.id FROM child AS held WHERE held.identity_id = child.identity_id) AS records,
           EXISTS (SELECT FROM shield WHERE shield.identity_id = child.identity_id AND lifted_at IS NULL) AS shielded
    FROM ledger_key AS key JOIN child ON child.id = key.child_id
    WHERE key.tag = ANY ($1::bytea[])
)
SELECT touched.tag,
    ARRAY(SELECT family_name FROM child WHERE id = ANY (records)
          UNION SELECT family_name FROM child_former_name WHERE child_id = ANY (records)) AS family_names,
    ARRAY(SELECT DISTINCT carer.name FROM child_carer AS link JOIN carer ON carer.id = link.carer_id
          WHERE link.child_id = ANY (records) AND link.relationship <> 'CORPORATE_PARENT') AS carer_names,
    ARRAY(SELECT DISTINCT carer_id FROM child_carer WHERE child_id = ANY (records)) AS carers,
    coalesce((SELECT array_agg(ARRAY[uprn, postcode, address_lines[1]]) FROM (
        SELECT uprn, postcode, address_lines FROM child WHERE id = ANY (records) AND NOT shielded
        UNION ALL
        SELECT uprn, postcode, address_lines FROM child_former_address WHERE child_id = ANY (records)
        UNION ALL
        SELECT carer.uprn, carer.postcode, carer.address_lines
        FROM child_carer AS link JOIN carer ON carer.id = link.carer_id
        WHERE link.child_id = ANY (records) AND NOT shielded
          AND link.relationship <> 'CORPORATE_PARENT' AND link.until IS NULL) AS lived), '{}') AS homes
FROM touched"""

# Whether caller and agency work with each child: at the time, before, or soon after; a practice works with the
# children who are registered with it. A child that the directory does not know, or not any more, is absent.
TIES: Final = """
WITH look AS MATERIALIZED (
    SELECT wanted.*, child.identity_id, agency.ods_code,
           ARRAY(SELECT held.id FROM child AS held WHERE held.identity_id = child.identity_id) AS records
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::date[]) WITH ORDINALITY
        AS wanted (person, agency, tag, day, number)
    JOIN ledger_key AS key ON key.tag = wanted.tag
    JOIN child ON child.id = key.child_id
    LEFT JOIN agency ON agency.id::text = wanted.agency
)
SELECT look.number, coalesce(work.own, false) AS own,
    coalesce(work.agency, false) OR EXISTS (
        SELECT FROM child_setting AS link JOIN setting ON setting.id = link.setting_id
        WHERE link.child_id = ANY (look.records) AND setting.ods_code = look.ods_code
          AND (link.ended_on IS NULL OR link.ended_on >= look.day - $5::integer)) AS agency,
    EXISTS (
        SELECT FROM shield WHERE shield.identity_id = look.identity_id AND shield.requested_at < look.day + 1
          AND (shield.lifted_at IS NULL OR shield.lifted_at >= look.day)) AS shielded
FROM look LEFT JOIN LATERAL (
    SELECT bool_or(post.person = look.person) AS own, bool_or(involvement.agency_id::text = look.agency) AS agency
    FROM involvement JOIN practitioner AS post ON post.id = involvement.practitioner_id
    WHERE involvement.child_id = ANY (look.records) AND involvement.started_on <= look.day + $6::integer
      AND (involvement.ended_on IS NULL OR involvement.ended_on >= look.day - $5::integer)
) AS work ON true"""

FOLLOWED: Final = """
SELECT look.seq, look.tag, earlier.seq AS before
FROM unnest($1::bigint[], $2::bytea[], $3::timestamptz[], $4::text[], $5::text[]) AS look (seq, tag, at, person, agency)
CROSS JOIN LATERAL (
    SELECT entry.seq FROM ledger_child AS touched JOIN ledger_entry AS entry ON entry.seq = touched.seq
    WHERE touched.tag = look.tag AND touched.seq < look.seq AND touched.seq >= $7
      AND NOT (touched.told || touched.withheld) <@ $8::text[]
      AND entry.at >= look.at - $6::interval AND entry.at <= look.at
      AND entry.agency = look.agency AND entry.person <> look.person
    ORDER BY touched.seq DESC LIMIT 1
) AS earlier"""
