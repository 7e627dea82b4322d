"""How each field gets its records: one question a module, a whole level at a time."""
