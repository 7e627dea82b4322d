"""Every word of a database by which somebody could be known, to look for where none may be."""

import re
from uuid import UUID

_PEOPLE = {
    "child": "given_name family_name address_lines postcode uprn nhs_number upn person id identity_id date_of_birth",
    "child_former_name": "given_name family_name",
    "child_former_address": "address_lines postcode uprn",
    "child_superseded_identifier": "value",
    "carer": "name address_lines postcode uprn telephone email person id",
    "practitioner": "name telephone email person id",
    "registration": "name person",
}
_PLACES = {
    "safeguarding_contact": "name telephone email",
    "agency": "name id",
    "setting": "name address_lines postcode telephone email urn id",
    "involvement": "id",
}
SHORT = 3
"""Words of so few letters stand in anything."""


async def identifying_words(database):
    """Names and parts of them, addresses, telephones, numbers, ids and who may ask, as they stand in a database."""
    people, places = await _values(database, _PEOPLE), await _values(database, _PLACES)
    parts = {part for word in people for part in re.split(r"[ ,]+", word) if part[:1].isupper() and part.isalpha()}
    return {word for word in people | places | parts if len(word) > SHORT}


async def _values(database, columns):
    words = set()
    for table, names in columns.items():
        for row in await database.fetch(f"SELECT {', '.join(names.split())} FROM {table}"):  # noqa: S608 - ours
            for value in row:
                words |= {str(one) for one in (value if isinstance(value, list) else [value]) if one is not None}
                if isinstance(value, UUID):
                    words.add(UUID(str(value)).hex)
    return words
