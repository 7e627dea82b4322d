"""Judging how callers used the directory: patterns that a person should look at (domain rule L5), never a verdict."""
