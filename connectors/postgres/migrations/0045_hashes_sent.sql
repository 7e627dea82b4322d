-- Append entries whose hashes come with them. PostgreSQL as it is often built takes eight times as long to hash an entry
-- as the gateway does, and everybody who writes waits for it.
-- A hash holds the entry's number, which is known only once it is the group's turn: the gateway sends the number it
-- expects the first to have. Where another gateway came between, the hashes are made here, as they were before.
-- What an earlier release calls, without the last two, stays as it is.
CREATE FUNCTION ledger_append(
    befores text[], afters text[], moments timestamptz[], requests text[], persons text[], roles text[],
    agencies text[], authorities text[], purposes text[], outcomes text[], charges smallint[],
    tags bytea[], places integer[], told text[], withheld text[],
    expected bigint, hashes bytea[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);      -- whatever the session's is; until the commit
    PERFORM pg_advisory_xact_lock(119182731994482);            -- "ledger": one gateway at a time, until the commit
    -- A statement of its own after the lock, so that the head is seen as the lock leaves it.
    SELECT coalesce(max(seq) + 1, 0) INTO first FROM ledger_entry;
    PERFORM ledger_partition(number)
    FROM (VALUES (first), (first + cardinality(befores) - 1)) AS room (number);
    INSERT INTO ledger_entry (seq, entry, leaf_hash, at, request_id, person, role, agency, authority, purpose, outcome,
                              searches)
    SELECT seq, entry,
           CASE WHEN first = expected THEN hashes[place] ELSE sha256('\x00'::bytea || convert_to(entry, 'UTF8')) END,
           at, request_id, person, role, agency, authority, purpose, outcome, searches
    FROM (
        SELECT first + place - 1 AS seq, before || (first + place - 1) || after AS entry, at, request_id, person, role,
               agency, authority, purpose, outcome, searches, place
        FROM unnest(befores, afters, moments, requests, persons, roles, agencies, authorities, purposes, outcomes,
                    charges) WITH ORDINALITY
             AS sent (before, after, at, request_id, person, role, agency, authority, purpose, outcome, searches, place)
    ) AS numbered;
    INSERT INTO ledger_child (tag, seq, told, withheld)
    SELECT tag, first + place, string_to_array(t, ' '), string_to_array(w, ' ')
    FROM unnest(tags, places, told, withheld) AS touched (tag, place, t, w);
    RETURN first;
END $$;
