"""Documents that are asked for by their hash, and a gateway that asks no others."""

import hashlib

import pytest

from gateway.documents import manifest_of
from gateway.settings import Settings
from tests.support.builders import a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

NAME_OF = "query NameOf($id: ID!) { child(by: { id: $id }) { givenName } }"
ME = "query Me { me { role } }"
PERSISTED = hashlib.sha256(NAME_OF.encode()).hexdigest()


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "documents.json"
    path.write_text(manifest_of([NAME_OF]))
    return path


@pytest.fixture
async def gateway(database_url, tmp_path, manifest):
    """What starts a gateway with the manifest."""

    def started(**settings):
        return a_gateway(database_url, tmp_path, documents=str(manifest), **settings)

    return started


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


def by_apollo(digest=PERSISTED, **more):
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}, **more}


async def post(client, persona, **body):
    named = client.as_known(persona, body)
    answer = await client.http.post("/graphql", json=named, headers=client.headers(persona))
    document = answer.json()
    return answer.status_code, document.get("data") or [one["extensions"]["code"] for one in document["errors"]]


async def test_a_document_is_asked_for_by_its_hash_in_every_form_that_clients_have(gateway, nurse, database):
    child = await a_child(database, given_name="Ayesha")
    asked = {"variables": {"id": child_id(child)}}
    async with gateway() as client:
        answers = [
            await post(client, nurse, **asked, **form)
            for form in (
                by_apollo(),
                by_apollo(query=NAME_OF),
                by_apollo(PERSISTED.upper()),
                {"documentId": f"sha256:{PERSISTED}"},
                {"documentId": PERSISTED},
            )
        ]

    assert answers == [(200, {"child": {"givenName": "Ayesha"}})] * 5
    rows = await database.fetch("SELECT entry FROM ledger_entry")
    assert all(PERSISTED in row["entry"] and "givenName" in row["entry"] for row in rows)


async def test_a_hash_that_is_not_known_is_refused_by_the_code_that_clients_know_and_recorded(gateway, nurse, database):
    digest = hashlib.sha256(ME.encode()).hexdigest()
    async with gateway() as client:
        refused = await post(client, nurse, **by_apollo(digest))
        sent = await post(client, nurse, **by_apollo(digest, query=ME))

    assert refused == (400, ["PERSISTED_QUERY_NOT_FOUND"])
    assert sent == (200, {"me": {"role": "health-practitioner"}})
    entry = await database.fetchrow("SELECT entry FROM ledger_entry ORDER BY seq")
    assert f'"hash":"{digest}"' in entry["entry"]


@pytest.mark.parametrize(
    "form",
    [
        by_apollo(query=ME), by_apollo("ab"), by_apollo(None), by_apollo(documentId=PERSISTED), {"documentId": 1},
        {"documentId": f"md5:{PERSISTED}"}, {"extensions": {"persistedQuery": {"version": 2}}},
        {"extensions": {"persistedQuery": []}}, {"documentId": PERSISTED + "0"}, by_apollo(query=1),
    ],
)  # fmt: skip
async def test_a_hash_that_cannot_be_one_or_is_another_is_refused(gateway, nurse, form):
    async with gateway() as client:
        assert await post(client, nurse, **form) == (400, ["BAD_REQUEST"])


async def test_where_they_are_required_no_other_document_is_asked_and_the_entry_has_it(gateway, nurse, database):
    child = await a_child(database, given_name="Ayesha")
    async with gateway(documents_required=True) as client:
        other = await post(client, nurse, query=ME)
        spaced = await post(client, nurse, query=NAME_OF + " ", variables={"id": child_id(child)})
        trusted = await post(client, nurse, query=NAME_OF, variables={"id": child_id(child)})

    assert [other, spaced] == [(400, ["DOCUMENT_NOT_TRUSTED"])] * 2
    assert trusted[0] == 200
    entry = (await database.fetchrow("SELECT entry FROM ledger_entry ORDER BY seq"))["entry"]
    assert "document-not-trusted" in entry
    assert f'"hash":"{hashlib.sha256(ME.encode()).hexdigest()}"' in entry


async def test_a_manifest_is_read_again_and_one_that_cannot_be_used_leaves_what_was(gateway, nurse, manifest):
    async with gateway(documents_required=True) as client:
        before = await post(client, nurse, query=ME)
        manifest.write_text(manifest_of([ME]))
        read = await client.app.state.reloading.reload()
        after = await post(client, nurse, query=ME)
        manifest.write_text("{")
        refused = await client.app.state.reloading.reload()
        still = await post(client, nurse, query=ME)

    assert [before[0], after[0], still[0]] == [400, 200, 200]
    assert (read["documents"], refused["documents"]) == ("1 known", "refused")


async def test_by_get_a_document_is_asked_for_by_its_hash(gateway, nurse, manifest):
    manifest.write_text(manifest_of([ME]))
    async with gateway(get_queries=True) as client:
        digest = hashlib.sha256(ME.encode()).hexdigest()
        answer = await client.http.get(f"/graphql?documentId=sha256:{digest}", headers=client.headers(nurse))

    assert answer.json()["data"] == {"me": {"role": "health-practitioner"}}


def test_documents_cannot_be_required_without_a_manifest():
    with pytest.raises(ValueError, match="GATEWAY_DOCUMENTS must name a manifest"):
        Settings(documents_required=True)
