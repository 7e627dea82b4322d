-- Old partitions of the ledger go to archive files and leave the database; what remains of them is a line here.

-- Entries to a partition, a power of two from 256 on: so a partition is one node of the tree, and no tile straddles two.
-- It may be another number only while the ledger is empty.
CREATE FUNCTION ledger_partition_size() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 1048576;

CREATE OR REPLACE FUNCTION ledger_partition(number bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    size CONSTANT bigint := ledger_partition_size();
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

-- Each partition that was archived, as its manifest says it. The entries may have been brought back since.
CREATE TABLE ledger_archive (
    first_seq bigint PRIMARY KEY CHECK (first_seq >= 0),
    end_seq bigint NOT NULL CHECK (end_seq > first_seq),
    root bytea NOT NULL CHECK (length(root) = 32),     -- of the partition's own tree
    digest bytea NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the file
    last_at timestamptz NOT NULL,                      -- of its last entry
    archived_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_archive
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
