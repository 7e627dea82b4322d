"""The composition root: puts the parts together; the only modules that may import everything."""
