-- Who recorded, withdrew, declared, asked for and reviewed what the sharing of a child's records depends on.
INSERT INTO source (id, name) VALUES ('directory-gateway', 'Recorded through the graph') ON CONFLICT DO NOTHING;

ALTER TABLE conflict ADD COLUMN declared_by text;

ALTER TABLE involvement_consent
    ADD COLUMN recorded_by text,
    ADD COLUMN withdrawn_by text,
    -- Whether the child understands enough to consent, as whoever works with the child judged it (V1).
    ADD COLUMN understanding text CHECK (understanding IN ('not-assessed', 'sufficient', 'insufficient'));

ALTER TABLE shield ADD COLUMN requester text;        -- the person; null where a feed brought it

-- Reviews of shields (H2): each review moves the date of the next, or lifts.
CREATE TABLE shield_review (
    shield_id uuid NOT NULL REFERENCES shield ON DELETE CASCADE,
    reviewed_at timestamptz NOT NULL,
    reviewed_by text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('kept', 'lifted')),
    PRIMARY KEY (shield_id, reviewed_at)
);

-- Refusals to share (P2). The reason is why sharing was refused, never what is known of the child (D5).
CREATE TABLE refusal (
    id uuid PRIMARY KEY,
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    ground text NOT NULL CHECK (ground IN ('detriment', 'no-consent', 'not-lawful', 'not-necessary')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    refused_by text NOT NULL,
    reviewer text NOT NULL,
    refused_at timestamptz NOT NULL,
    CHECK (reviewer <> refused_by)
);
CREATE INDEX ON refusal (child_id);
