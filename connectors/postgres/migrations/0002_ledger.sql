-- The ledger: one entry an ask, in gapless order, canonical bytes, never changed.
CREATE TABLE ledger_entry (
    seq bigint PRIMARY KEY CHECK (seq >= 0),           -- from 0: also the entry's leaf index in the Merkle tree
    entry text NOT NULL,                               -- RFC 8785 canonical JSON: the truth
    leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32),   -- RFC 9162: SHA-256(0x00 || entry)
    -- An index over the entry, derived from it and checked against it (gateway.ledger.entry.index_of).
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
);
-- Commitments do not compress; trying costs a third of the time of an append.
ALTER TABLE ledger_entry ALTER COLUMN entry SET STORAGE EXTERNAL;
CREATE INDEX ON ledger_entry (person, at) INCLUDE (searches);   -- a caller's budget is an index-only scan
CREATE INDEX ON ledger_entry (at);
CREATE INDEX ON ledger_entry (request_id);

-- "Who saw this child, which fields, why": one row for each child an entry touches. Can be rebuilt from the entries.
CREATE TABLE ledger_child (
    child_id uuid NOT NULL,
    seq bigint NOT NULL REFERENCES ledger_entry,
    told text[] NOT NULL,                              -- 'Child.address', 'Carer.name', …; masked fields were told
    withheld text[] NOT NULL,                          -- withheld or concealed
    PRIMARY KEY (child_id, seq)
);
-- Rows arrive in the order of seq, so a few bytes a block are enough to check a stretch of entries against their index.
CREATE INDEX ON ledger_child USING brin (seq) WITH (autosummarize = on);

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
