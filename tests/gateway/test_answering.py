"""Decide, redact, record, then tell: what happens when one of them cannot be done."""

import pytest

from gateway.errors import AuditUnavailable
from tests.support.builders import a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

NAMES = "query($id: ID!) { child(by: {id: $id}) { givenName } }"


class Ledger:
    """A ledger that takes nothing."""

    writing = True

    def __init__(self, error):
        self.error = error

    def start(self):
        pass

    async def close(self):
        pass

    async def record(self, entry):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (AuditUnavailable("The ledger could not be written; nothing is told."), "AUDIT_UNAVAILABLE", 503),
        (ValueError("an entry that cannot be made"), "INTERNAL", 500),
    ],
)
async def test_without_an_entry_nothing_is_told(database, database_url, tmp_path, error, code, status):
    child = await a_child(database, given_name="Ayesha")
    nurse = await a_persona(database, "health-practitioner")

    async with a_gateway(database_url, tmp_path, ledger=Ledger(error)) as client:
        answer = await client.ask(nurse, NAMES, {"id": child_id(child)})

    assert (answer.status, answer.codes, answer.data) == (status, [code], None)
    assert b"Ayesha" not in answer.content
    assert str(error).encode() not in answer.content or code == "AUDIT_UNAVAILABLE"


async def test_an_unexpected_exception_is_told_in_our_words_and_logged_without_its_own(
    database, database_url, tmp_path, caplog
):
    nurse = await a_persona(database, "health-practitioner")

    async with a_gateway(database_url, tmp_path, ledger=Ledger(ValueError("Ayesha Rahmani"))) as client:
        answer = await client.ask(nurse, "{ me { role } }", **{"x-request-id": "1" * 32})

    assert answer.messages == ["Unexpected error."]
    assert "1" * 32 in caplog.text
    assert "Rahmani" not in caplog.text
