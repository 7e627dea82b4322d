-- What a link took from the row it joined to another, so that undoing the link gives it back.
ALTER TABLE child_link ADD COLUMN nhs_number_before text CHECK (nhs_number_before ~ '^[0-9]{10}$');
