-- What stood when a request for brokered contact was answered (H6): the answer is told for as long as nothing about the
-- child has been closed since. Kept by what stood and not by the time, for a shield that a feed brings is dated earlier
-- than it arrives. An answer from before these columns is not told to its asker any more.
ALTER TABLE brokered_contact
    ADD COLUMN shields_then uuid[],                    -- in force on the child, or on a child of the same carer
    ADD COLUMN services_then uuid[],                   -- sensitive involvements it may rest on, whose footing stood
    ADD COLUMN conflict_then boolean,                  -- whether the asker had a conflict of interest
    ADD COLUMN refusals_then integer,                  -- refusals to share on record
    ADD CHECK (num_nulls(shields_then, services_then, conflict_then, refusals_then) IN (0, 4));
CREATE INDEX ON brokered_contact (answered_at) WHERE outcome IS NOT NULL;

-- Which child here it is that another authority told of.
CREATE INDEX ON child_link_elsewhere (authority, there) WHERE confirmed_at IS NOT NULL AND undone_at IS NULL;
