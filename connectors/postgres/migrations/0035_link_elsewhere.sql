-- Links between a child's record here and one that another authority holds. In force once confirmed: at once where an
-- identifier is the same on both sides, otherwise when a person has said so; undone by a person, and never made again
-- by the gateway itself. What a row says of the past stays: it ends with the child's record and not before.
CREATE TABLE child_link_elsewhere (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    id uuid NOT NULL,
    authority text NOT NULL CHECK (authority ~ '^[A-Z][0-9]{8}$'),
    there text NOT NULL CHECK (there ~ '^chd-[0-9A-Za-z-]{1,64}$'),      -- as that authority names the record to us
    grade text NOT NULL CHECK (grade IN ('CERTAIN', 'PROBABLE', 'POSSIBLE')),
    reasons text[] NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,                                               -- whose ask found it, or who said so
    confirmed_at timestamptz,
    confirmed_by text,
    undone_at timestamptz,
    undone_by text,
    PRIMARY KEY (child_id, id),
    CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
    CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE UNIQUE INDEX ON child_link_elsewhere (child_id, authority, there)
    WHERE confirmed_at IS NOT NULL AND undone_at IS NULL;
CREATE UNIQUE INDEX child_link_elsewhere_waiting ON child_link_elsewhere (child_id, authority, there)
    WHERE confirmed_at IS NULL AND undone_at IS NULL;

CREATE FUNCTION keep_link_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF pg_trigger_depth() > 1 THEN  -- the child's record is going, and its links go with it
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a link is undone and not deleted';
    END IF;
    IF (NEW.child_id, NEW.id, NEW.authority, NEW.there, NEW.grade, NEW.reasons, NEW.made_at, NEW.made_by)
            IS DISTINCT FROM
       (OLD.child_id, OLD.id, OLD.authority, OLD.there, OLD.grade, OLD.reasons, OLD.made_at, OLD.made_by)
       OR OLD.undone_at IS NOT NULL
       OR (OLD.confirmed_at IS NOT NULL
           AND (NEW.confirmed_at, NEW.confirmed_by) IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by)) THEN
        RAISE EXCEPTION 'what a link says of the past stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_link_elsewhere BEFORE UPDATE OR DELETE ON child_link_elsewhere
    FOR EACH ROW EXECUTE FUNCTION keep_link_elsewhere();
