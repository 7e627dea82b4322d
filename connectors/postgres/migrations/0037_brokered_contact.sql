-- Requests for brokered contact (H6, V2): who cannot see asks to be put in touch, the directory team answers, once.
-- Words are kept as those of refusals and grants are: why and how to reach the asker, never what is known of the child.
CREATE TABLE brokered_contact (
    id uuid PRIMARY KEY,
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    involvement_id uuid,                               -- what the asker was shown, if it was about that
    asker text NOT NULL,                               -- the person; where somebody mediates, who is asked for
    asker_role text NOT NULL,
    asked_through text,                                -- who mediates
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    reach_by text NOT NULL CHECK (length(reach_by) BETWEEN 1 AND 500),
    asked_at timestamptz NOT NULL,
    outcome text CHECK (outcome IN ('connected', 'declined', 'nobody-involved', 'not-needed')),
    asker_agrees boolean,
    other_agrees boolean,
    answer text CHECK (length(answer) BETWEEN 1 AND 500),
    answered_by text,
    answered_at timestamptz,
    CHECK (num_nulls(outcome, asker_agrees, other_agrees, answered_by, answered_at) IN (0, 5)),
    CHECK (outcome IS NOT NULL OR answer IS NULL),
    CHECK (outcome <> 'connected' OR (asker_agrees AND other_agrees AND answer IS NOT NULL)),
    CHECK (answered_by <> asker)
);
-- Who waits for an answer does not ask again.
CREATE UNIQUE INDEX ON brokered_contact (asker, child_id, involvement_id) NULLS NOT DISTINCT WHERE outcome IS NULL;
CREATE INDEX ON brokered_contact (asked_at, id) WHERE outcome IS NULL;
CREATE INDEX ON brokered_contact (asked_at, id);
CREATE INDEX ON brokered_contact (asker, asked_at, id);
CREATE INDEX ON brokered_contact (child_id);
