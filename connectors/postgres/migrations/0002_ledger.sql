-- The ledger: one entry an ask, in gapless order, canonical bytes, never changed.
CREATE TABLE ledger_entry (
    seq bigint PRIMARY KEY CHECK (seq >= 0),
    entry text NOT NULL,                               -- RFC 8785 canonical JSON: the truth
    leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32),   -- RFC 9162: SHA-256(0x00 || entry)
    -- An index over the entry, derived from it and checked against it:
    at timestamptz NOT NULL,
    request_id text NOT NULL,
    person text,
    role text,
    agency uuid,
    authority text,
    purpose text,
    outcome text NOT NULL CHECK (outcome IN ('answered', 'refused', 'failed')),
    searches smallint NOT NULL DEFAULT 0
);
CREATE INDEX ON ledger_entry (person, at);
CREATE INDEX ON ledger_entry (at);
CREATE INDEX ON ledger_entry (request_id);

-- "Who saw this child, which fields, why": one row for each child an entry touches.
CREATE TABLE ledger_child (
    child_id uuid NOT NULL,
    seq bigint NOT NULL REFERENCES ledger_entry,
    told text[] NOT NULL,                              -- 'Child.address', 'Carer.name', …
    withheld text[] NOT NULL,
    PRIMARY KEY (child_id, seq)
);

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
