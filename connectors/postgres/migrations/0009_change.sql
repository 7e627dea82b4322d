-- What was changed through the graph: one row a change, committed with the change itself and only after its entry in
-- the ledger is durable. The key is the client's: the same key of the same person leads back to the same change.
CREATE TABLE change (
    id uuid PRIMARY KEY,                               -- stands in the ledger's entry as well
    person text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 100),
    digest bytea NOT NULL CHECK (length(digest) = 32), -- of the action and its input: the same key with another is refused
    action text NOT NULL,
    request_id text NOT NULL,
    made_at timestamptz NOT NULL,
    record_type text,                                  -- what was changed; null only until the transaction ends
    record_id text,
    UNIQUE (person, key)
);
CREATE INDEX ON change (request_id);

-- Who may not ask for the time being, by whom and why (L6); lifted by a later column, never deleted.
CREATE TABLE suspension (
    id uuid PRIMARY KEY,
    person text NOT NULL,
    authority text NOT NULL REFERENCES authority,      -- whose caller it is, and who may lift it
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    suspended_by text NOT NULL,
    suspended_at timestamptz NOT NULL,
    until timestamptz,                                 -- null: until lifted
    lifted_by text,
    lifted_at timestamptz,
    lift_reason text CHECK (length(lift_reason) BETWEEN 1 AND 500),
    CHECK (until > suspended_at),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL))
);
CREATE INDEX ON suspension (person, suspended_at);
