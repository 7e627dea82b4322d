-- The proof of the ledger: tiles of its Merkle tree, signed checkpoints, and what this gateway has witnessed of others.
-- All of it is only ever added to.

-- 256 neighbouring hashes of one level of the tree (RFC 9162), kept once all of them are there. Level 0 holds the
-- hashes of the entries, level n the roots of the tiles of level n - 1; so a proof reads a tile a level.
CREATE TABLE ledger_tile (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index bigint NOT NULL CHECK (index >= 0),
    hashes bytea NOT NULL CHECK (length(hashes) = 8192),
    root bytea NOT NULL CHECK (length(root) = 32),
    PRIMARY KEY (level, index) INCLUDE (root)
);
-- Hashes do not compress.
ALTER TABLE ledger_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Every checkpoint that was signed here, as the signed note it was published as.
CREATE TABLE ledger_checkpoint (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    note text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON ledger_checkpoint (size, id);

-- What witnesses signed of them: the signature line of a note.
CREATE TABLE ledger_cosignature (
    checkpoint_id bigint NOT NULL REFERENCES ledger_checkpoint,
    witness text NOT NULL,                             -- the witness's key, as name+hash+key
    signed_at timestamptz NOT NULL,                    -- the moment that is part of the signature
    line text NOT NULL,
    PRIMARY KEY (checkpoint_id, witness, signed_at)
);
CREATE INDEX ON ledger_cosignature (witness, signed_at);

-- The ledgers of others: each checkpoint that this gateway cosigned, the largest being the one it holds them to.
CREATE TABLE ledger_witnessed (
    origin text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    note text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (origin, size)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_tile
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_witnessed
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- Whoever writes the ledger does so as this role, which can read and add and nothing else. It cannot log in.
-- Creating a role needs CREATEROLE: without it the ledger works, kept only by its triggers, and the migration says so.
DO $$
DECLARE
    name text;
BEGIN
    BEGIN
        CREATE ROLE directory_ledger_writer NOLOGIN;
    EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;    -- a database beside this one has it already
        WHEN insufficient_privilege THEN
            RAISE WARNING 'the role directory_ledger_writer could not be created: only triggers keep the ledger';
            RETURN;
    END;
    FOREACH name IN ARRAY ARRAY['ledger_entry', 'ledger_child', 'ledger_key', 'ledger_tile', 'ledger_checkpoint',
                                'ledger_cosignature', 'ledger_witnessed'] LOOP
        IF to_regclass(name) IS NOT NULL THEN
            EXECUTE format('GRANT SELECT, INSERT ON %I TO directory_ledger_writer', name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO directory_ledger_writer', current_schema());
    BEGIN
        EXECUTE format('GRANT directory_ledger_writer TO %I', current_user);
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'directory_ledger_writer could not be granted to %: grant it to whoever the gateway logs in as',
            current_user;
    END;
END $$;
