-- What callers and agencies have asked for in a minute, shared by all gateways on this database.
-- Not logged: a crash forgives a minute, and no ask waits for a disk.
CREATE UNLOGGED TABLE spending (
    kind text NOT NULL CHECK (kind IN ('caller', 'agency')),
    spender text NOT NULL,
    period bigint NOT NULL,                            -- minutes since 1970
    spent integer NOT NULL,
    set_aside integer NOT NULL,                        -- by the last process that took a share
    PRIMARY KEY (kind, spender, period)
) WITH (fillfactor = 70);
CREATE INDEX ON spending (period);
