-- Entries of a child's access log that are kept from the child and carers for a time (L4), by whom and on what ground.
-- Each ends by itself; a later column confirms or lifts it, and nothing is deleted but with the child.
CREATE TABLE log_withholding (
    id uuid PRIMARY KEY,
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    entry bigint NOT NULL CHECK (entry >= 0),          -- its number in the ledger: kept from every child's readers
    authority text NOT NULL REFERENCES authority,
    ground text NOT NULL,                              -- a code that the rules list
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    until timestamptz NOT NULL,
    provisional_until timestamptz NOT NULL,            -- the end, until somebody confirms it
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    confirmed_by text,
    confirmed_at timestamptz,
    lifted_by text,
    lifted_at timestamptz,
    lift_reason text CHECK (length(lift_reason) BETWEEN 1 AND 500),
    CHECK (until > asked_at AND provisional_until >= asked_at),
    CHECK (confirmed_by <> asked_by),
    CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL))
);
CREATE INDEX ON log_withholding (entry);
CREATE INDEX ON log_withholding (child_id);
