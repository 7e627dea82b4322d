"""The code that an authority goes by."""

from typing import NewType

import strawberry

LocalAuthorityCode = NewType("LocalAuthorityCode", str)

LOCAL_AUTHORITY_CODE = strawberry.scalar(
    name="LocalAuthorityCode",
    description="GSS code of a local authority, such as E08000009, or the older three-digit code, such as 358. "
    'In a list of authorities to ask, "*" means wherever the locator points.',
    serialize=str,
    parse_value=str,
)
