-- The transfer of responsibility for a child between authorities (X1).
-- What both sides signed is in responsibility_statement and only ever added to; whom it was about stands apart from it,
-- with the opening of what the offer commits to: where that is gone, the statements speak of nobody.
CREATE TABLE responsibility_transfer (
    id uuid PRIMARY KEY,
    offered_by text NOT NULL,
    offered_to text NOT NULL,
    outgoing boolean NOT NULL,                         -- offered by this authority
    child_id uuid REFERENCES child ON DELETE SET NULL, -- the record here; null until this side has answered for one
    nhs_number text CHECK (nhs_number ~ '^[0-9]{10}$'),
    shielded boolean NOT NULL,
    opening bytea CHECK (length(opening) = 32),
    kept_at timestamptz NOT NULL,                      -- since when this gateway has it
    state text NOT NULL CHECK (state IN ('offered', 'withdrawing', 'accepted', 'refused', 'withdrawn')),
    CHECK ((nhs_number IS NULL) = (opening IS NULL))
);
-- What is offered is offered to one: until that one has answered, to nobody else.
CREATE UNIQUE INDEX ON responsibility_transfer (child_id)
    WHERE outgoing AND state IN ('offered', 'withdrawing');
CREATE INDEX ON responsibility_transfer (child_id);
CREATE INDEX ON responsibility_transfer (kept_at, id);

CREATE TABLE responsibility_statement (
    transfer_id uuid NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    text text NOT NULL,
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (transfer_id, digest)
);
CREATE FUNCTION responsibility_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was signed is only added to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON responsibility_statement
    FOR EACH STATEMENT EXECUTE FUNCTION responsibility_is_append_only();

-- What the other authority may not have yet, and in whose name it is told. One gateway at a time takes a row, by moving
-- the moment at which it is due; the row goes when the other side has shown all it has.
CREATE TABLE responsibility_outbox (
    transfer_id uuid PRIMARY KEY REFERENCES responsibility_transfer,
    version integer NOT NULL DEFAULT 1,                -- grows with each statement that is to be told
    person text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    agency text NOT NULL,
    purpose text NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    fault text                                         -- why the last attempt came to nothing
);
CREATE INDEX ON responsibility_outbox (due_at);

-- A shield that the authority before had: provisional here until it is reviewed here.
ALTER TABLE shield DROP CONSTRAINT shield_requested_by_check;
ALTER TABLE shield ADD CONSTRAINT shield_requested_by_check CHECK (
    requested_by IN ('child', 'carer', 'refuge', 'gp', 'practitioner', 'demographics', 'authority'));
