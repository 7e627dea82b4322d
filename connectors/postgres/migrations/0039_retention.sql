-- The day a child died (T2): for a year the record stays in the directory, then it counts as archived. Where the day is
-- not known the record counts as archived at once.
ALTER TABLE child ADD COLUMN died_on date;

-- Who stays in the directory past eighteen by consent (T1). A consent that was withdrawn stays on record.
CREATE TABLE kept_by_consent (
    id uuid PRIMARY KEY,
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    ground text NOT NULL CHECK (ground IN ('youth-support', 'care-leaver', 'learning-difficulty')),
    given_on date NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamptz,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE UNIQUE INDEX ON kept_by_consent (child_id, ground) WHERE withdrawn_at IS NULL;
