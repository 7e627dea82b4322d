"""Why a change was not made."""

import strawberry

from schema.told import told


@strawberry.federation.type(description="Why nothing was changed. What policy refuses has one of its codes.")
class UserError:
    """A typed error of a mutation."""

    code: str = told("A stable code, such as NOT_FOUND, KEY_REUSED or SECOND_PERSON_NEEDED; docs/changes.md lists all.")
    message: str = told("What is wrong, and what can be done, in a sentence.")
    field: str | None = told("The field of the input that it is about, if it is about one.")
