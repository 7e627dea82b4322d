-- The locator (X5): keys and setups by which other authorities find out that this one holds something, without saying
-- whom they look for, and what this one keeps of theirs.

-- That something has changed that the set of keys depends on; rows go when a release has taken them in.
-- `withdraws`: a child who was in the set may be shielded now, so no ask is answered until there is a new key (H3).
CREATE TABLE locator_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    withdraws boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON locator_change (id) WHERE withdraws;

CREATE TABLE locator_key (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    quarter integer NOT NULL,                          -- year * 4 + quarter from 0
    wrapped bytea NOT NULL,                            -- under the gateway's master key
    made_at timestamptz NOT NULL,
    retired_at timestamptz                             -- from when on it answers nobody
);

CREATE TABLE locator_release (
    version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id text NOT NULL REFERENCES locator_key,
    made_at timestamptz NOT NULL,
    setups jsonb NOT NULL                              -- [{"kind": "nhs", "digest": "…", "size": 131072}]
);
CREATE TABLE locator_setup (
    digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    version bigint NOT NULL REFERENCES locator_release ON DELETE CASCADE,
    content bytea NOT NULL
);
ALTER TABLE locator_setup ALTER COLUMN content SET STORAGE EXTERNAL;    -- it does not compress

-- One gateway at a time builds; one that dies is followed when its lease has run out.
CREATE TABLE locator_lease (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    until timestamptz NOT NULL
);
INSERT INTO locator_lease (until) VALUES ('-infinity');

-- Locate asks of a day (UTC): of our own people, of other authorities, and of their people.
CREATE TABLE locate_spent (
    spender text NOT NULL,
    day date NOT NULL,
    asks integer NOT NULL CHECK (asks > 0),
    PRIMARY KEY (spender, day)
);

-- What other authorities have published, for all gateways of this one and across restarts.
CREATE TABLE peer_locator (
    authority text PRIMARY KEY,
    statement text NOT NULL,                           -- signed by that authority
    etag text NOT NULL,
    looked_at timestamptz NOT NULL
);
CREATE TABLE peer_locator_setup (
    authority text NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    content bytea NOT NULL,
    PRIMARY KEY (authority, digest)
);
ALTER TABLE peer_locator_setup ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE FUNCTION locator_rows_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed) THEN
        INSERT INTO locator_change (withdraws) VALUES (TG_TABLE_NAME = 'shield' AND TG_OP = 'INSERT');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER locator_added AFTER INSERT ON child
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_rows_changed();
CREATE TRIGGER locator_removed AFTER DELETE ON child
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_rows_changed();
CREATE TRIGGER locator_added AFTER INSERT ON child_superseded_identifier
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_rows_changed();
CREATE TRIGGER locator_removed AFTER DELETE ON child_superseded_identifier
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_rows_changed();
CREATE TRIGGER locator_added AFTER INSERT ON shield
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_rows_changed();
CREATE TRIGGER locator_removed AFTER DELETE ON shield
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_rows_changed();

CREATE FUNCTION locator_child_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO locator_change (withdraws) VALUES (
        OLD.identity_id <> NEW.identity_id
        AND EXISTS (SELECT FROM shield WHERE identity_id = NEW.identity_id AND lifted_at IS NULL));
    RETURN NULL;
END $$;
CREATE TRIGGER locator_changed AFTER UPDATE ON child FOR EACH ROW
    WHEN ((OLD.identity_id, OLD.standing, OLD.given_name, OLD.family_name, OLD.date_of_birth, OLD.nhs_number, OLD.upn)
        IS DISTINCT FROM
        (NEW.identity_id, NEW.standing, NEW.given_name, NEW.family_name, NEW.date_of_birth, NEW.nhs_number, NEW.upn))
    EXECUTE FUNCTION locator_child_changed();

CREATE FUNCTION locator_shield_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO locator_change (withdraws) VALUES (NEW.lifted_at IS NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER locator_changed AFTER UPDATE ON shield FOR EACH ROW
    WHEN ((OLD.identity_id, OLD.lifted_at IS NULL) IS DISTINCT FROM (NEW.identity_id, NEW.lifted_at IS NULL))
    EXECUTE FUNCTION locator_shield_changed();

-- A carer matters where one child in the carer's care is shielded: then the others could lead to that child.
CREATE FUNCTION locator_carers_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM changed JOIN child_carer care ON care.carer_id = changed.carer_id
        JOIN child ON child.id = care.child_id
        JOIN shield ON shield.identity_id = child.identity_id AND shield.lifted_at IS NULL)
    THEN
        INSERT INTO locator_change (withdraws) VALUES (true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER locator_added AFTER INSERT ON child_carer
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_carers_changed();
CREATE TRIGGER locator_changed AFTER UPDATE ON child_carer
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION locator_carers_changed();
