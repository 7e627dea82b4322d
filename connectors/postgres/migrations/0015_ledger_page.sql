-- What reviewers list and count the ledger by, in one index by time: nothing is counted by reading entries.
-- At most three of its columns are text that somebody claimed, so that no claim makes a row too long for an index.
CREATE INDEX ON ledger_entry (at, seq) INCLUDE (authority, agency, role, outcome);

-- The index by time alone is part of it now. Its name depends on whether there was a ledger before it was sealed.
DO $$
DECLARE
    old regclass;
BEGIN
    SELECT indexrelid INTO STRICT old FROM pg_index
    WHERE indrelid = 'ledger_entry'::regclass AND indnatts = 1
      AND indkey[0] = (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = 'at');
    EXECUTE format('DROP INDEX %s', old);
END $$;
