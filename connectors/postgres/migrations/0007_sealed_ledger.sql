-- The ledger again, with the personal parts of entries sealed under keys that can be destroyed (domain rule T3).
-- What an earlier version wrote in the clear stays as it was under another name; a new sequence begins.
DO $$
BEGIN
    IF EXISTS (SELECT FROM ledger_entry) THEN
        ALTER TABLE ledger_entry RENAME TO ledger_entry_unsealed;
        ALTER TABLE ledger_child RENAME TO ledger_child_unsealed;
    ELSE
        DROP TABLE ledger_child, ledger_entry;
    END IF;
END $$;

CREATE TABLE ledger_entry (
    seq bigint PRIMARY KEY CHECK (seq >= 0),           -- from 0: also the entry's leaf index in the Merkle tree
    entry text NOT NULL,                               -- RFC 8785 canonical JSON: the truth
    leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32),   -- RFC 9162: SHA-256(0x00 || entry)
    -- An index over the entry, derived from it and checked against it (gateway.ledger.canonical.index_of).
    -- What a caller claims is text: an attempt with a malformed claim is recorded as well.
    at timestamptz NOT NULL,
    request_id text NOT NULL,
    person text,
    role text,
    agency text,
    authority text,
    purpose text,
    outcome text NOT NULL CHECK (outcome IN ('answered', 'refused', 'failed')),
    searches smallint NOT NULL DEFAULT 0
) PARTITION BY RANGE (seq);
-- Sealed text does not compress; trying costs a third of the time of an append.
ALTER TABLE ledger_entry ALTER COLUMN entry SET STORAGE EXTERNAL;
CREATE INDEX ON ledger_entry (person, at) INCLUDE (searches);   -- a caller's budget is an index-only scan
CREATE INDEX ON ledger_entry (at);
CREATE INDEX ON ledger_entry (request_id);

-- "Who saw this child, which fields, why": one row for each child an entry touches. Can be rebuilt from the entries.
-- The child is known by the tag of its key for the year: with the key, the tie to the child is destroyed as well.
CREATE TABLE ledger_child (
    tag bytea NOT NULL CHECK (length(tag) = 16),
    seq bigint NOT NULL,
    told text[] NOT NULL,                              -- 'Child.address', 'Carer.name', …; masked fields were told
    withheld text[] NOT NULL,                          -- withheld or concealed
    PRIMARY KEY (tag, seq)
) PARTITION BY RANGE (seq);
-- Rows arrive in the order of seq, so a few bytes a block are enough to check a stretch of entries against their index.
CREATE INDEX ON ledger_child USING brin (seq) WITH (autosummarize = on);

-- The keys that seal, one for each child and year, wrapped by the gateway's master key.
-- A destroyed key leaves its tag and nothing that leads to the child. The nil UUID stands for nobody: entries and
-- records that are about no child.
CREATE TABLE ledger_key (
    tag bytea PRIMARY KEY CHECK (length(tag) = 16),
    child_id uuid,
    year smallint NOT NULL,
    wrapped bytea,
    made_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((destroyed_at IS NULL) = (wrapped IS NOT NULL)),
    CHECK ((destroyed_at IS NULL) = (child_id IS NOT NULL))
);
CREATE UNIQUE INDEX ON ledger_key (child_id, year) WHERE child_id IS NOT NULL;

-- Make the partitions that hold a number, if they are not there; 2^20 entries to each, so that tiles do not straddle two.
-- It runs as the owner: who writes the ledger may insert and nothing else.
CREATE FUNCTION ledger_partition(number bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    size CONSTANT bigint := 1048576;
    place CONSTANT bigint := number / size;
    kind text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['ledger_entry', 'ledger_child'] LOOP
        IF to_regclass(format('%s_%s', kind, place)) IS NULL THEN
            EXECUTE format('CREATE TABLE %s_%s PARTITION OF %s FOR VALUES FROM (%s) TO (%s)',
                           kind, place, kind, place * size, (place + 1) * size);
            EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s_%s '
                           'FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()', kind, place);
        END IF;
    END LOOP;
    RETURN (place + 1) * size;
END $$;
SELECT ledger_partition(0);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_child
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
