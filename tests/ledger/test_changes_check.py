"""Found by verifying: a change that no entry tells of, and a secret that does not open what was told."""

from datetime import timedelta
from uuid import uuid4

import pytest

from connectors.postgres.changes_check import ChangesCheck
from connectors.postgres.ledger import PostgresLedgerReader
from connectors.postgres.secret_check import SecretCheck
from gateway.ledger.master_key import MasterKey, new_key
from gateway.ledger.sealing import COMMITTING, KeyName
from gateway.ledger.verification import EXIT_CODES, Trouble, Verification, check_stretch
from tests.changes.asking import ask_change
from tests.support.builders import HOME, NOW, a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

PERIOD = {"firstDay": "2026-11-01", "lastDay": "2026-11-22"}


async def one(database, sql, *arguments):
    (row,) = await database.fetch(sql, *arguments)
    return row[0]


@pytest.fixture
async def child(database):
    return await a_child(database, given_name="Ayesha")


@pytest.fixture
async def supervisor(database):
    return await a_persona(database, "supervisor", purpose="review")


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


@pytest.fixture
async def ledger(database_url, tmp_path, child, nurse, supervisor):
    """A ledger with a look, a suspension, an outcome and a request for contact, each made through the graph."""
    async with a_gateway(database_url, tmp_path, decision_timeout=20.0, request_timeout=30.0) as gateway:
        looked = await gateway.ask(nurse, f'{{ child(by: {{id: "{child_id(child)}"}}) {{ id givenName }} }}')
        assert looked.data["child"]["givenName"] == "Ayesha"
        asked = await ask_change(
            gateway, nurse, "requestBrokeredContact", "contact { id }",
            child=child_id(child), reason="To agree who visits first", reachBy="0161 496 0777",
        )  # fmt: skip
        assert asked.refused == []
        suspended = await ask_change(
            gateway, supervisor, "suspendCaller", "suspension { id }", person=nurse.person, reason="Looked around"
        )
        assert suspended.refused == []
        found = await ask_change(
            gateway, supervisor, "recordReviewOutcome", "case { id }",
            person=nurse.person, **PERIOD, patterns=["SAME_SURNAME"], outcome="REFERRED", reason="Looked around",
        )  # fmt: skip
        assert found.refused == []


@pytest.fixture
def master(ledger, tmp_path):
    return MasterKey((tmp_path / "ledger.key").read_bytes())


async def changes(database, master):
    verification = Verification(keys=[])
    await ChangesCheck(database, verification, master=master).run()
    return verification.findings


async def commitments(database, master):
    verification = Verification(keys=[])
    read = [entry async for entry in PostgresLedgerReader(database).indexed_entries()]
    verification.take(check_stretch(read, first=0))
    await SecretCheck(database, verification, master=master).run(
        await one(database, "SELECT count(*) FROM ledger_entry")
    )
    return verification.findings


def test_each_finding_has_its_own_exit_code():
    assert (EXIT_CODES[Trouble.COMMITMENTS_CLOSED], EXIT_CODES[Trouble.CHANGE_UNTOLD]) == (30, 31)


async def test_what_was_changed_through_the_gateway_is_told_of(database, master):
    assert await changes(database, master) == ()
    assert await changes(database, None) == ()


async def test_a_withholding_written_by_hand_is_found(database, ledger, master, child, supervisor):
    await database.execute(
        """
        INSERT INTO log_withholding (id, child_id, entry, authority, ground, reason, until, provisional_until, asked_by,
                                     asked_at)
        VALUES ($1, $2, 0, $3, 'prevention-of-crime', 'by hand', $6, $6, $5, $4)
        """,
        uuid4(), child, HOME, NOW, supervisor.person, NOW + timedelta(days=9),
    )  # fmt: skip

    for known in (master, None):
        (found,) = await changes(database, known)
        assert found.trouble is Trouble.CHANGE_UNTOLD
        assert "withholding" in found.sentence


async def test_a_suspension_that_was_lifted_by_hand_is_found(database, master, supervisor):
    await database.execute(
        "UPDATE suspension SET lifted_by = $1, lifted_at = $2, lift_reason = 'by hand'", supervisor.person, NOW
    )

    (found,) = await changes(database, master)

    assert "reinstatement" in found.sentence


async def test_a_copy_of_a_suspension_under_another_id_is_found_with_the_master_key(database, master):
    await database.execute(
        """
        INSERT INTO suspension (id, person, authority, reason, suspended_by, suspended_at)
        SELECT $1, 'somebody else', authority, reason, suspended_by, suspended_at FROM suspension
        """,
        uuid4(),
    )

    (found,) = await changes(database, master)

    assert "suspension" in found.sentence


async def test_an_outcome_written_by_hand_is_found(database, master):
    await database.execute(
        """
        INSERT INTO review_outcome (case_id, number, outcome, patterns, reason, recorded_by, reviewer_authority,
                                    independent, clears, recorded_at)
        SELECT case_id, 2, 'EXPLAINED', patterns, 'by hand', 'nobody', reviewer_authority, true, true, recorded_at
        FROM review_outcome
        """
    )

    (found,) = await changes(database, master)

    assert "outcome" in found.sentence


async def test_an_answer_to_a_request_for_contact_that_was_written_by_hand_is_found(database, master):
    await database.execute(
        """
        UPDATE brokered_contact SET outcome = 'connected', asker_agrees = true, other_agrees = true,
            answer = 'Ring 0161 496 0666', answered_by = 'nobody', answered_at = asked_at
        """
    )

    (found,) = await changes(database, master)

    assert "answer to a request for brokered contact" in found.sentence


async def test_a_request_for_contact_that_was_written_by_hand_is_found(database, master):
    await database.execute(
        """
        INSERT INTO brokered_contact (id, child_id, asker, asker_role, reason, reach_by, asked_at)
        SELECT $1, child_id, 'nobody', asker_role, reason, reach_by, asked_at FROM brokered_contact
        """,
        uuid4(),
    )

    (found,) = await changes(database, master)

    assert "request for brokered contact" in found.sentence


async def test_the_secret_opens_what_was_told(database, master):
    assert await commitments(database, master) == ()


async def test_a_secret_that_is_gone_is_found_and_not_made_anew(database, master):
    await database.execute("DELETE FROM ledger_key WHERE child_id = $1", COMMITTING)

    (found,) = await commitments(database, master)

    assert (found.trouble, found.first_seq) == (Trouble.COMMITMENTS_CLOSED, 0)
    assert await one(database, "SELECT count(*) FROM ledger_key WHERE child_id = $1", COMMITTING) == 0


async def test_another_secret_in_its_place_is_found(database, master):
    name, key = KeyName(COMMITTING, 0), new_key()
    await database.execute(
        "UPDATE ledger_key SET tag = $1, wrapped = $2 WHERE child_id = $3", key.tag, master.wrap(name, key), COMMITTING
    )

    (found,) = await commitments(database, master)

    assert "cannot be shown" in found.sentence
