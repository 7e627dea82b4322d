-- Which version of a child's record each source has given us: an older one that arrives later changes nothing.
CREATE TABLE child_feed_version (
    child_id uuid NOT NULL REFERENCES child ON DELETE CASCADE,
    source text NOT NULL REFERENCES source,
    version integer NOT NULL CHECK (version >= 0),
    PRIMARY KEY (child_id, source)
);
