"""Anything that can be fetched again by its id."""

import strawberry

from schema.told import told


@strawberry.federation.interface(description="A record that can be fetched again by its id.")
class Node:
    """The interface of records with an id."""

    id: strawberry.ID = told("Opaque and stable; ask `node` for the record again.")
