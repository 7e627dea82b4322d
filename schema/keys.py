"""What partners look records up by."""

from datetime import date

import strawberry

from gateway.vocabulary import Gender


@strawberry.input(one_of=True, description="Exactly one way to name a child.")
class ChildKey:
    """A child's id or identifier."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The directory's own id.")
    nhs_number: str | None = strawberry.field(default=strawberry.UNSET, description="NHS number, ten digits.")
    upn: str | None = strawberry.field(default=strawberry.UNSET, description="Unique pupil number.")


@strawberry.input(one_of=True, description="Exactly one way to name a setting.")
class SettingKey:
    """A setting's id or code."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The directory's own id.")
    urn: str | None = strawberry.field(
        default=strawberry.UNSET, description="URN of a school; a closed school's leads to its successor."
    )
    ods_code: str | None = strawberry.field(default=strawberry.UNSET, description="ODS code of a GP practice.")


@strawberry.input(
    description="What is known of the child sought. Enough are: familyName and dateOfBirth; with givenName, or gender "
    "and postcode, the match is fuzzy; givenName, dateOfBirth, gender and postcode; or one identifier."
)
class ChildCriteria:
    """Search criteria."""

    given_name: str | None = strawberry.field(
        default=None, description="Given name; * stands for any letters from the third character on."
    )
    family_name: str | None = strawberry.field(
        default=None, description="Family name, current or former; * from the third character on."
    )
    date_of_birth: date | None = strawberry.field(default=None, description="Date of birth.")
    gender: Gender | None = strawberry.field(default=None, description="Gender.")
    postcode: str | None = strawberry.field(default=None, description="Postcode; * from the third character on.")
    nhs_number: str | None = strawberry.field(default=None, description="NHS number, ten digits.")
    upn: str | None = strawberry.field(default=None, description="Unique pupil number.")
