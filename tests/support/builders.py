"""Made-up people and places, inserted into a real database; a test states only what matters to it.

Every builder returns the new row's id. What a row refers to is made when it is not stated.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import uuid4

from connectors.postgres.keys import name_keys, postcode_key

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
"""The moment at which the tests' world stands still."""
TODAY = NOW.date()
HOME = "E08000009"
SOURCE = "made-up-feed"
ASSERTED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CONFIRMED = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)

_numbers = count(1)


async def a_source(database, source=SOURCE):
    await _insert(database, "source", {"id": source, "name": source}, unless_known=True)
    return source


async def an_authority(database, code=HOME, **stated):
    number = int(code[1:]) % 1000
    row = {"code": code, "legacy_code": f"{number:03}", "name": f"Authority {code}", "gateway_status": "LIVE"}
    await _insert(database, "authority", row | stated, unless_known=True)
    return code


async def an_agency(database, **stated):
    row = {
        "id": uuid4(),
        "name": f"Agency {next(_numbers)}",
        "kind": "health",
        "authority": stated.get("authority") or await an_authority(database),
        "sensitive": False,
        "accredited_until": TODAY + timedelta(days=365),
    }
    return await _insert(database, "agency", row | stated)


async def a_safeguarding_contact(database, *, role="FRONT_DOOR", **stated):
    row = {"role": role, "name": "Front Door", "telephone": "0161 496 0100"}
    if "agency" not in stated and "authority" not in stated:
        row["authority"] = await an_authority(database)
    await _insert(database, "safeguarding_contact", row | stated)


async def a_practitioner(database, **stated):
    row = {
        "id": uuid4(),
        "name": f"Practitioner {next(_numbers)}",
        "role": "School nurse",
        "agency": stated.get("agency") or await an_agency(database),
        "telephone": "0161 496 0001",
        "email": "practitioner@example.org",
    }
    return await _insert(database, "practitioner", row | stated)


async def a_setting(database, **stated):
    row = {
        "id": uuid4(),
        "kind": "SCHOOL",
        "name": f"School {next(_numbers)}",
        "address_lines": ["1 School Lane", "Sale"],
        "postcode": "M33 2TL",
        "telephone": "0161 496 0002",
        "email": "office@example.org",
        "authority": stated.get("authority") or await an_authority(database),
    }
    return await _insert(database, "setting", row | await _provenance(database) | stated)


async def a_setting_link(database, urn, linked_urn, *, relation="SUCCESSOR", **stated):
    row = {"urn": urn, "linked_urn": linked_urn, "relation": relation, "link_type": relation.capitalize()}
    await _insert(database, "setting_link", row | stated)


async def attends(database, child, setting, **stated):
    row = {"child_id": child, "setting_id": setting, "started_on": date(2022, 9, 1)}
    await _insert(database, "child_setting", row | await _provenance(database) | stated)


async def a_child(database, *, search_keys=True, **stated):
    """A live child of the home authority; `nhs_number` and `upn` are None unless stated."""
    source = await a_source(database)
    row = {
        "id": uuid4(),
        "authority": stated.get("authority") or await an_authority(database),
        "standing": "live",
        "given_name": f"Child{_letters(next(_numbers))}",
        "family_name": "Example",
        "date_of_birth": date(2015, 3, 4),
        "gender": "FEMALE",
        "address_lines": ["12 Acacia Road", "Sale"],
        "postcode": "M33 2TL",
        "uprn": None,
        "address_status": "CURRENT",
        "nhs_number": None,
        "upn": None,
    } | stated
    row.setdefault("identity_id", row["id"])
    for group in ("name", "birth", "address", "nhs_number", "upn"):
        if group in ("nhs_number", "upn") and row[group] is None:
            continue
        row.setdefault(f"{group}_source", source)
        row.setdefault(f"{group}_asserted_at", ASSERTED)
        row.setdefault(f"{group}_confirmed_at", CONFIRMED)
    await _insert(database, "child", row)
    if search_keys:
        await _a_search_key(database, row, former=False)
    return row["id"]


async def a_consent_to_stay(database, child, *, ground="care-leaver", **stated):
    row = {"id": uuid4(), "child_id": child, "ground": ground, "given_on": date(2026, 6, 1)}
    row |= {"recorded_by": "directory.price", "recorded_at": ASSERTED}
    await _insert(database, "kept_by_consent", row | stated)


async def a_former_name(database, child, *, given_name=None, family_name="Formerly", **stated):
    row = {"child_id": child, "given_name": given_name, "family_name": family_name}
    await _insert(database, "child_former_name", row | await _provenance(database) | stated)
    current = dict(await database.fetchrow("SELECT * FROM child WHERE id = $1", child))
    current |= {"given_name": given_name or current["given_name"], "family_name": family_name}
    await _a_search_key(database, current, former=True)


async def a_superseded_identifier(database, child, *, system="nhs-number", value):
    row = {"child_id": child, "system": system, "value": value, "superseded_at": ASSERTED}
    await _insert(database, "child_superseded_identifier", row | {"source": await a_source(database)})


async def a_carer(database, *, of=(), **stated):
    """A carer; with `of`, the mother with parental responsibility of these children."""
    row = {
        "id": uuid4(),
        "name": f"Carer {next(_numbers)}",
        "address_lines": ["12 Acacia Road", "Sale"],
        "postcode": "M33 2TL",
        "telephone": "07700 900001",
        "email": "carer@example.org",
    }
    carer = await _insert(database, "carer", row | await _provenance(database) | stated)
    for child in of:
        await cares_for(database, carer, child)
    return carer


async def cares_for(database, carer, child, **stated):
    row = {"child_id": child, "carer_id": carer, "relationship": "MOTHER", "has_parental_responsibility": True}
    await _insert(database, "child_carer", row | await _provenance(database) | stated)


async def an_involvement(database, child, **stated):
    """A running, not sensitive involvement; with `carer_id`, one of an adult service about that carer."""
    about_carer = stated.get("carer_id") is not None
    practitioner = stated.get("practitioner_id") or await a_practitioner(database)
    row = {
        "child_id": child,
        "id": uuid4(),
        "practitioner_id": practitioner,
        "agency_id": (await database.fetchrow("SELECT agency FROM practitioner WHERE id = $1", practitioner))["agency"],
        "service": "DISABILITY" if about_carer else "SCHOOL_NURSING",
        "sensitive": about_carer,
        "started_on": date(2025, 9, 1),
    }
    return await _insert(database, "involvement", row | await _provenance(database) | stated)


async def a_sensitive_involvement(database, child, **stated):
    """A sensitive involvement without consent; state one with `a_consent`."""
    return await an_involvement(database, child, **({"service": "MENTAL_HEALTH", "sensitive": True} | stated))


async def a_consent(database, child, involvement, **stated):
    row = {
        "child_id": child,
        "involvement_id": involvement,
        "version": 1,
        "basis": "child-consent",
        "scope": "practitioners",
        "given_at": NOW - timedelta(days=30),
    }
    await _insert(database, "involvement_consent", row | stated)


async def a_conflict(database, child, practitioner, **stated):
    row = {"child_id": child, "practitioner_id": practitioner, "declared_at": NOW - timedelta(days=1)}
    await _insert(database, "conflict", row | stated)


async def a_shield(database, child, **stated):
    """A decided shield in force; `decided_at=None` is a provisional one, `lifted_at` ends it."""
    known = await database.fetchrow("SELECT identity_id FROM child WHERE id = $1", child)
    row = {
        "id": uuid4(),
        "child_id": child,
        "identity_id": known["identity_id"],
        "requested_by": "practitioner",
        "requested_at": NOW - timedelta(days=2),
        "decided_at": NOW - timedelta(days=1),
        "review_due": TODAY + timedelta(days=180),
    }
    return await _insert(database, "shield", row | stated)


async def a_registration(database, person=None, *, role="health-practitioner", **stated):
    """A person in good standing; returns the key (person, role)."""
    person = person or f"person-{next(_numbers)}"
    row = {
        "person": person,
        "role": role,
        "name": f"Registered {next(_numbers)}",
        "agency": stated.get("agency") or await an_agency(database),
        "training_valid_until": TODAY + timedelta(days=200),
        "check_issued_on": TODAY - timedelta(days=200),
    }
    await _insert(database, "registration", row | stated)
    return person, role


async def _a_search_key(database, row, *, former):
    keys = name_keys(given_name=row["given_name"], family_name=row["family_name"])
    await _insert(
        database,
        "child_search_key",
        {
            "child_id": row["id"],
            "former": former,
            "family_key": keys.family,
            "family_sound": keys.family_sound,
            "given_key": keys.given,
            "given_first_key": keys.given_first,
            "given_sound": keys.given_sound,
            "date_of_birth": row["date_of_birth"],
            "gender": row["gender"],
            "postcode_key": postcode_key(row["postcode"]) if row["postcode"] else None,
        },
    )


async def _provenance(database):
    return {"source": await a_source(database), "asserted_at": ASSERTED, "confirmed_at": CONFIRMED}


async def _insert(database, table, row, *, unless_known=False):
    columns = ", ".join(row)
    places = ", ".join(f"${position}" for position in range(1, len(row) + 1))
    known = " ON CONFLICT DO NOTHING" if unless_known else ""
    # Column names are written in this file and by tests; values travel as arguments.
    await database.execute(f"INSERT INTO {table} ({columns}) VALUES ({places}){known}", *row.values())  # noqa: S608
    return row.get("id")


def _letters(number):
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
