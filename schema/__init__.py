"""What partners see: one GraphQL type a file, limits, the form of errors, the printed SDL."""
