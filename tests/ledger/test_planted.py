"""`gateway ledger verify` on a real gateway's database, after somebody with all rights and triggers off was there."""

import asyncio
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from connectors.postgres.database import Database
from gateway.cli.main import app
from gateway.ledger.verification import EXIT_CODES, Trouble
from gateway.settings import SettingsError
from tests.changes.asking import ask_change
from tests.support.builders import a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.ledger_tree import Administrator
from tests.support.postgres import fresh_database

SECRET = "DELETE FROM ledger_key WHERE child_id = '00000000-0000-0000-0000-000000000001'"
ORDER = ("--by", "a.lund", "--by", "r.osei", "--reason", "In no backup", "--yes")
PATIENT = {"decision_timeout": 20.0, "request_timeout": 30.0}


@pytest.fixture(scope="module")
async def asked(postgres, tmp_path_factory):
    """A database to be copied, and its data folder: a gateway answered two asks that told no id, and suspended one."""
    folder = tmp_path_factory.mktemp("asked")
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=20)
        nurse = await a_persona(database, "health-practitioner")
        supervisor = await a_persona(database, "supervisor", purpose="review")
        child = child_id(await a_child(database, given_name="Ayesha"))
        async with a_gateway(url, folder, **PATIENT) as gateway:
            for _ in range(2):
                answer = await gateway.ask(nurse, f'{{ child(by: {{id: "{child}"}}) {{ givenName }} }}')
                assert answer.data["child"] == {"givenName": "Ayesha"}
            done = await ask_change(
                gateway, supervisor, "suspendCaller", "suspension { reason }", person=nurse.person, reason="Looked"
            )
            assert done.refused == []
        await database.close()
        yield url, folder


@pytest.fixture
async def url(postgres, asked):
    async with fresh_database(postgres, template=urlsplit(asked[0]).path[1:]) as copied:
        yield copied


@pytest.fixture
def command(url, asked, monkeypatch):
    """What runs a command of the ledger on a copy of that database."""
    for name, value in {"ENV": "development", "DATABASE_URL": url, "DATA_DIR": asked[1]}.items():
        monkeypatch.setenv(f"GATEWAY_{name}", str(value))

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *words])

    return run


@pytest.fixture
async def administrator(url):
    administrator = await Administrator.of(url)
    yield administrator
    await administrator.leave()


async def test_what_the_gateway_wrote_verifies(command):
    verified = await command("verify")

    assert (verified.exit_code, verified.stdout) == (0, "Nothing found.\n"), verified.output


PLANTED = {
    "an edited entry": (
        "UPDATE ledger_entry SET entry = replace(entry, '\"answered\"', '\"refused_\"') WHERE seq = 1",
        Trouble.HASH_MISMATCH, "Entry 1"),
    "a deleted entry": ("DELETE FROM ledger_entry WHERE seq = 1", Trouble.GAP, "Entry 1"),
    "a destroyed key": (
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now() "
        "WHERE child_id IN (SELECT id FROM child)", Trouble.KEY_LOST, "no entry says why"),
    "a lost secret, where no entry told an id": (SECRET, Trouble.COMMITMENTS_CLOSED, "from entry 0 on"),
    "a withholding": (
        "INSERT INTO log_withholding (id, child_id, entry, authority, ground, reason, until, provisional_until, "
        "asked_by, asked_at) SELECT gen_random_uuid(), id, 0, 'E08000009', 'prevention-of-crime', 'by hand', "
        "now() + interval '9 days', now() + interval '9 days', 'somebody', now() FROM child",
        Trouble.CHANGE_UNTOLD, "withholding"),
    "a suspension": (
        "INSERT INTO suspension (id, person, authority, reason, suspended_by, suspended_at) "
        "VALUES (gen_random_uuid(), 'somebody else', 'E08000009', 'by hand', 'somebody', now())",
        Trouble.CHANGE_UNTOLD, "suspension"),
    "a suspension lifted": (
        "UPDATE suspension SET lifted_by = 'somebody', lifted_at = now(), lift_reason = 'by hand'",
        Trouble.CHANGE_UNTOLD, "reinstatement"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "trouble", "words"), PLANTED.values(), ids=PLANTED)
async def test_what_was_planted_by_hand_is_found(command, administrator, statement, trouble, words):
    await administrator.does(statement)

    verified = await command("verify")

    assert verified.exit_code == EXIT_CODES[trouble], verified.output
    assert verified.stdout.startswith(f"{trouble}: ")
    assert words in verified.stdout


async def test_a_lost_secret_is_found_without_the_master_key(command, administrator, asked, tmp_path, monkeypatch):
    (tmp_path / "ledger-signing-E08000009.key").write_bytes((asked[1] / "ledger-signing-E08000009.key").read_bytes())
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    await administrator.does(SECRET)

    verified = await command("verify")

    assert verified.exit_code == EXIT_CODES[Trouble.COMMITMENTS_CLOSED], verified.output
    assert "no master key" in verified.stderr


async def test_a_gateway_makes_no_other_secret_in_the_place_of_a_lost_one(administrator, url, asked):
    await administrator.does(SECRET)

    with pytest.raises(SettingsError, match="renew-secret"):
        async with a_gateway(url, asked[1], **PATIENT):
            pass

    assert await administrator.connection.fetchval(SECRET.replace("DELETE", "SELECT count(*)")) == 0


async def test_once_two_people_have_said_that_the_secret_is_lost_a_gateway_makes_another(
    command, administrator, url, asked
):
    await administrator.does(SECRET)
    alone = await command("renew-secret", *ORDER[2:])

    renewed = await command("renew-secret", *ORDER)
    async with a_gateway(url, asked[1], **PATIENT) as gateway:
        await gateway.app.state.gateway.proof.checkpointer.take_turn(hurried=True)

    assert (alone.exit_code, renewed.exit_code) == (2, 0), renewed.output
    assert (await command("verify")).stdout == "Nothing found.\n"


async def test_a_secret_that_is_there_is_not_renewed(command):
    assert (await command("renew-secret", *ORDER)).exit_code == 4
