"""Records, register and ledger on PostgreSQL."""
