"""Feeds of other systems: each row is accepted or rejected with its reason; loading twice changes nothing."""
