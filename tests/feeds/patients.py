"""Made-up Patients as the demographics service answers, and what a test asks of the database afterwards."""

import json
from datetime import UTC, datetime
from pathlib import Path

from connectors.feeds.files import FeedFile
from connectors.feeds.load import load_patients

DATA = Path(__file__).resolve().parent.parent / "data"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOME = "E08000009"
NUMBER, OTHER_NUMBER, THIRD_NUMBER = "9434765919", "9434765870", "9111231130"
HISTORY = ("feed_load", "feed_rejection", "schema_migration")


def a_patient(number=NUMBER, *, version=3, security="U", family="Okoro", given=("Ada",), born="2015-06-01", **stated):
    """A live child at one address with one name and no practice; what is stated replaces a part of the resource."""
    resource = {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}],
        "meta": {"versionId": str(version), "security": [{"code": security}]},
        "name": [a_name(family, *given)],
        "gender": "female",
        "birthDate": born,
        "address": [a_home("1 Acacia Road", "M33 2TL", start="2016-01-01")],
    } | stated
    return {key: value for key, value in resource.items() if value is not None}


def a_name(family, *given, use="usual", **period):
    return {"use": use, "family": family, "given": list(given), "period": period}


def a_home(line, postcode, *, use="home", **period):
    return {"use": use, "line": [line, "Sale"], "postalCode": postcode, "period": period}


def a_practice(code, **period):
    return {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code, "period": period}}


def a_file(document, name="answer.json"):
    return FeedFile(name=name, content=json.dumps(document).encode())


def a_search_set(*entries, timestamp=None):
    items = [entry if "resource" in entry else {"resource": entry} for entry in entries]
    return {"resourceType": "Bundle", "type": "searchset", "timestamp": timestamp, "entry": items}


async def load(database, *documents, now=NOW, include_adults=False):
    """Load each document as a file of its own and return the reports."""
    files = [a_file(document) for document in documents]
    return await load_patients(database, files, authority=HOME, now=now, include_adults=include_adults)


async def outcome(database, document, **options):
    """Load a document with one row and return the reason for its refusal, or what became of it."""
    (report,) = await load(database, document, **options)
    taken = {name.value: count for name, count in report.counts.items() if count}
    reasons = [reason for _, reason in report.reasons(whole_rows=True)]
    return reasons[0] if reasons else next(iter(taken), None)


async def digests(database):
    """Return a digest of every table but those that keep the loads themselves."""
    tables = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    names = [row["tablename"] for row in tables if row["tablename"] not in HISTORY]
    found = {}
    for name in names:
        row = await database.fetchrow(
            f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} AS t"  # noqa: S608
        )
        found[name] = tuple(row)
    return found


async def the_child(database, number=NUMBER):
    return await database.fetchrow("SELECT * FROM child WHERE nhs_number = $1", number)


async def open_shields(database):
    return await database.fetch("SELECT * FROM shield WHERE lifted_at IS NULL")
