-- Which signed rule sets this authority's gateways have taken up, so that none of them goes back to an older one.
CREATE TABLE rule_release (
    digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    issued timestamptz NOT NULL,
    taken_up_at timestamptz NOT NULL
);
CREATE INDEX ON rule_release (issued);
