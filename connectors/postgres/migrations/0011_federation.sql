-- Assertions of peers that have been used, until they have expired: each is good once, at any of this authority's gateways.
CREATE TABLE peer_assertion_used (
    issuer text NOT NULL,
    token text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, token)
);
CREATE INDEX ON peer_assertion_used (expires_at);

-- Which releases of the members' registry these gateways have used, so that none of them goes back to an older one,
-- and which keys of its operator the newest one names, so that the operator's key can change.
CREATE TABLE registry_release (
    operator text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    operator_keys jsonb NOT NULL,
    withdrawn text[] NOT NULL,
    taken_up_at timestamptz NOT NULL,
    PRIMARY KEY (operator, sequence)
);
