-- What was done about children in the worked queues (M1): only added to, in words of closed lists (D5).
-- Who waits in a queue is written nowhere: it follows from the settings that are current (child_setting).
CREATE TABLE queue_outcome (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    queue text NOT NULL CHECK (queue IN ('missing-education', 'without-gp')),
    number bigint GENERATED ALWAYS AS IDENTITY,
    owner_id uuid NOT NULL REFERENCES practitioner,
    action text NOT NULL CHECK (action IN (
        'ask-carer', 'visit-home', 'ask-last-setting', 'ask-other-authority', 'check-registers', 'offer-place',
        'help-to-register', 'nothing-more')),
    outcome text NOT NULL CHECK (outcome IN (
        'under-way', 'nobody-reached', 'registered', 'moved-away', 'left-england', 'educated-elsewhere',
        'educated-at-home', 'treated-elsewhere')),
    reopens_on date,                                   -- set where the outcome closes the entry, until then
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_on date NOT NULL,                         -- the local day
    PRIMARY KEY (child_id, queue, number),
    CHECK ((reopens_on IS NULL) = (outcome IN ('under-way', 'nobody-reached'))),
    CHECK (reopens_on > recorded_on)
);
CREATE INDEX ON queue_outcome (owner_id);

-- It goes with the child's record and in no other way.
CREATE FUNCTION queue_outcome_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM child WHERE id = OLD.child_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'what was done is only added to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON queue_outcome
    FOR EACH ROW EXECUTE FUNCTION queue_outcome_is_append_only();

-- By age through the children of an authority.
CREATE INDEX child_by_birth ON child (authority, date_of_birth) WHERE standing = 'live';
