"""Who asks, and whom about, while something fails: many children, so that every ask is about another one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gateway.known_ids import KnownIds
from gateway.vocabulary import RecordType
from tests.support.builders import a_child, an_agency
from tests.support.gateway import Client, a_persona
from tests.support.ids import scope_of
from tests.support.ledger import record_ids

CHILDREN = 2_000

# Rows for a load, each like the one child the builders made, under an id of its own.
_COPIES = """
INSERT INTO child
SELECT copy.* FROM child AS model, unnest($2::uuid[]) AS fresh,
    jsonb_populate_record(model, jsonb_build_object('id', fresh, 'identity_id', fresh)) AS copy
WHERE model.id = $1
"""


async def a_crowd(database, *, children=CHILDREN):
    """The ids of as many children."""
    born = datetime.now(UTC).date() - timedelta(days=3_000)
    model = await a_child(database, search_keys=False, date_of_birth=born)
    copies = [uuid4() for _ in range(children - 1)]
    await database.execute(_COPIES, model, copies)
    return [model, *copies]


async def a_nurse(database):
    """A persona in good standing on the day the test runs, for gateways that go by the clock on the wall."""
    today = datetime.now(UTC).date()
    agency = await an_agency(database, accredited_until=today + timedelta(days=30))
    return await a_persona(
        database,
        "health-practitioner",
        agency=agency,
        training_valid_until=today + timedelta(days=30),
        check_issued_on=today - timedelta(days=30),
    )


def headers_of(persona, data_dir, *, at=None):
    """Headers with a token that is good by the clock on the wall, unless another moment is stated."""
    client = Client(None, data_dir)
    token = client.token(persona, issued_at=int((at or datetime.now(UTC)).timestamp()))
    return client.headers(persona, authorization=f"Bearer {token}")


@dataclass(frozen=True)
class Asker:
    """Somebody who asks a gateway of its own process: with which headers, and by which ids."""

    headers: dict = field(repr=False)
    known: KnownIds

    def child_id(self, child):
        return self.known.told(RecordType.CHILD, child)


async def an_asker(persona, database, data_dir, *, at=None):
    ids = await record_ids(database, data_dir)
    return Asker(headers_of(persona, data_dir, at=at), ids.known_to(scope_of(persona)))
