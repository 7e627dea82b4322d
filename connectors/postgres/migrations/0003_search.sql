-- Search: the first given name on its own, and indexes for each way of asking (domain rule S1).
-- Each branch of a search starts from two equalities, so that its cost hardly grows with the number of children.
ALTER TABLE child_search_key ADD COLUMN given_first_key text COLLATE "C";   -- 'mary' of 'Mary Jane'

-- given_sound is the sound of the first given name; family_sound that of the whole family name.
CREATE INDEX child_search_key_sounds ON child_search_key (family_sound, given_sound, date_of_birth);
CREATE INDEX child_search_key_postcode ON child_search_key (postcode_key, date_of_birth);
DROP INDEX child_search_key_family_sound_date_of_birth_idx;
