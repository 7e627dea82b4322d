-- Number and append entries in one statement, so that the turn to number lasts no longer than it takes to write.
-- What the gateway sends of an entry is all but its number: the text before it and the text after it.
CREATE FUNCTION ledger_append(
    befores text[], afters text[], moments timestamptz[], requests text[], persons text[], roles text[],
    agencies text[], authorities text[], purposes text[], outcomes text[], charges smallint[],
    tags bytea[], places integer[], told text[], withheld text[]
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
    SELECT seq, entry, sha256('\x00'::bytea || convert_to(entry, 'UTF8')), at, request_id, person, role, agency,
           authority, purpose, outcome, searches
    FROM (
        SELECT first + place - 1 AS seq, before || (first + place - 1) || after AS entry, at, request_id, person, role,
               agency, authority, purpose, outcome, searches
        FROM unnest(befores, afters, moments, requests, persons, roles, agencies, authorities, purposes, outcomes,
                    charges) WITH ORDINALITY
             AS sent (before, after, at, request_id, person, role, agency, authority, purpose, outcome, searches, place)
    ) AS numbered;
    INSERT INTO ledger_child (tag, seq, told, withheld)
    SELECT tag, first + place, string_to_array(t, ' '), string_to_array(w, ' ')
    FROM unnest(tags, places, told, withheld) AS touched (tag, place, t, w);
    RETURN first;
END $$;
