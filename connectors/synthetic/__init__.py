"""Made-up local authorities: the same seed and day always give the same families, and none of them exists."""
