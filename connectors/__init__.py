"""Where records and services come from: the only folder that sees databases, HTTP clients and policy engines."""
