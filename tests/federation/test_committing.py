"""Who asks another authority commits to its own entry beforehand, and the other finds one that was changed since."""

import asyncio

import orjson
import pytest

from gateway.ledger.beginning import commitment_to
from gateway.ledger.canonical import leaf_hash
from tests.support.borders import BESIDE, a_link, a_nurse, mia, two_authorities
from tests.support.federation import HERE, THERE, federation_command
from tests.support.ids import child_id

NODE = "query($id: ID!) { node(id: $id) { id ... on Child { givenName } } }"


async def calls_of(side, other, folder):
    """The file of calls that an authority's engineer writes for the other."""
    file = folder / f"{side.member.member.authority}.jsonl"
    written = await asyncio.to_thread(
        federation_command,
        "calls", "--with", other, "-o", file,
        authority=side.member.member.authority, database_url=side.database.url,
    )  # fmt: skip
    assert written.exit_code == 0, written.output
    return file


async def reconciled(borders, folder):
    """What each side finds with the other's file: (exit code, differences)."""
    found = []
    for ours, theirs in ((borders.here, borders.there), (borders.there, borders.here)):
        us, them = ours.member.member.authority, theirs.member.member.authority
        file = await calls_of(theirs, us, folder)
        result = await asyncio.to_thread(
            federation_command,
            "reconcile", "--with", them, "--theirs", file, "--json",
            authority=us, database_url=ours.database.url,
        )  # fmt: skip
        found.append((result.exit_code, orjson.loads(result.stdout)["differences"]))
    return found


async def test_searches_links_and_single_records_reconcile_under_what_was_committed_to(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        here, there = await mia(borders.here), await mia(borders.there)
        await a_link(borders.here.database, here, THERE, borders.told_here(there))
        nurse = await a_nurse(borders.here)
        beside = {"by": {"id": child_id(here)}, "authorities": [THERE]}
        answers = [
            await borders.find(nurse),
            await borders.client.ask(nurse, BESIDE, beside),
            await borders.client.ask(nurse, NODE, {"id": borders.known_there(nurse, there)}),
        ]
        found = await reconciled(borders, tmp_path)
        ours = [await borders.here.entry(answer.headers["x-request-id"]) for answer in answers]
        asked = {answer.headers["x-request-id"] for answer in answers}
        theirs = [entry for entry in await borders.there.entries() if entry["request_id"] in asked]

    assert [answer.codes for answer in answers] == [[], [], []]
    assert found == [(0, []), (0, [])]
    assert {entry["request_id"]: entry["caller"]["commitment"] for entry in theirs} == {
        entry["request_id"]: commitment_to(entry) for entry in ours
    }
    assert all(entry["salt"] not in str(theirs) for entry in ours), "nobody else can try out what was committed to"


CHANGED = {
    "who asked": lambda entry: entry["caller"].update(person="somebody.else"),
    "why": lambda entry: entry["access"].update(purpose="safeguarding-enquiry"),
    "when": lambda entry: entry.update(at="2026-11-21T12:00:00.000000Z"),
}


@pytest.fixture(scope="module")
async def asked(postgres, tmp_path_factory):
    """Two authorities, of which one has asked the other: (both, the number of the asking entry, its document)."""
    async with two_authorities(postgres, tmp_path_factory.mktemp("asked")) as borders:
        await mia(borders.there)
        answer = await borders.find(await a_nurse(borders.here))
        document = await borders.here.entry(answer.headers["x-request-id"])
        document.pop("leaf")
        yield borders, document


@pytest.mark.parametrize("what", CHANGED)
async def test_a_superuser_who_writes_the_asking_entry_anew_is_found_from_both_sides(asked, tmp_path, what):
    borders, document = asked
    changed = orjson.loads(orjson.dumps(document))
    CHANGED[what](changed)
    await rewritten(borders.here.database, changed)
    found = await reconciled(borders, tmp_path)
    await rewritten(borders.here.database, document)
    honest = await reconciled(borders, tmp_path)

    for exit_code, differences in found:
        assert exit_code == 1
        assert [(one["fault"], one["asking"], one["request_id"]) for one in differences] == [
            ("other-asking-entry", HERE, document["request_id"])
        ]
    assert honest == [(0, []), (0, [])]


async def test_the_command_says_in_a_sentence_which_entry_shows_it(asked, tmp_path):
    borders, document = asked
    theirs = await borders.there.entry(document["request_id"])
    await rewritten(borders.here.database, document | {"gateway": THERE})
    file = await calls_of(borders.there, HERE, tmp_path)
    result = await asyncio.to_thread(
        federation_command,
        "reconcile", "--with", THERE, "--theirs", file,
        authority=HERE, database_url=borders.here.database.url,
    )  # fmt: skip
    await rewritten(borders.here.database, document)

    said = " ".join(result.stdout.replace("│", " ").split())
    assert f"the entry of {HERE} is not the one it committed to before it asked" in said
    assert f"entry {theirs['seq']} at {THERE}" in said


async def rewritten(database, document):
    """Write an entry anew as a superuser can, with a hash that fits."""
    entry = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    await database.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
    await database.execute(
        "UPDATE ledger_entry SET entry = $2, leaf_hash = $3 WHERE seq = $1",
        document["seq"],
        entry.decode(),
        leaf_hash(entry),
    )
    await database.execute("ALTER TABLE ledger_entry ENABLE TRIGGER USER")
