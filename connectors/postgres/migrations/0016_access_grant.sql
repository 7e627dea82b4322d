-- Break-glass and public interest (H5, P1): what a grant opens, once and for minutes, why, and who reviewed it afterwards.
CREATE TABLE access_grant (
    id uuid PRIMARY KEY,
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('break-glass', 'public-interest')),
    ground text NOT NULL CHECK (ground IN (
        'significant-harm', 'serious-harm-adult', 'serious-crime', 'court-order', 'statutory-duty')),
    fields text[] NOT NULL CHECK (cardinality(fields) > 0),             -- 'Child.address', 'Involvement.agency'
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),      -- why it is opened
    necessity text NOT NULL CHECK (length(necessity) BETWEEN 1 AND 500),-- why these fields are needed
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,                                                -- set by the one ask that uses it
    reviewed_by text,
    reviewed_at timestamptz,
    review text CHECK (review IN ('justified', 'not-justified')),
    CHECK (reviewed_by <> requested_by),
    CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (review IS NULL))
);
CREATE INDEX ON access_grant (requested_by) WHERE reviewed_at IS NULL;
