"""Whom to ask for safeguarding advice."""

import strawberry

from gateway.vocabulary import ContactRole
from schema.told import told


@strawberry.federation.type(description="Whom to ask for safeguarding advice, with no child involved.")
class SafeguardingContact:
    """A safeguarding contact."""

    role: ContactRole = told("What they are for.")
    name: str = told("Name of the person or desk.")
    telephone: str | None = told("Telephone number.")
    email: str | None = told("Email address.")
    hours: str | None = told("When they can be reached.")
