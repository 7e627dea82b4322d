"""The service around the graph: who asks and why, disclosure, the ledger, settings and commands."""
