"""Which authorities to ask: private set intersection, the set that answers it, and what others have published."""
