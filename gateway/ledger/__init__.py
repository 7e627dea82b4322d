"""The log of every resolved field: entries, their gapless sequence, and what can be read from it."""
