"""Many authorities, one graph: who is a member, who may speak for whom, and how one gateway asks another."""
