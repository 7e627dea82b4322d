-- The entry that says that a key was destroyed: without one, its words were made unreadable by somebody else.
ALTER TABLE ledger_key ADD COLUMN destroyed_by bigint CHECK (destroyed_by IS NULL OR destroyed_at IS NOT NULL);
