"""The `gateway` command: one file a command family."""
