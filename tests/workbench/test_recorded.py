"""What the ledger holds can be asked again, and whatever is decided otherwise is seen."""

import json

import orjson
import pytest

from connectors.postgres.ledger import PostgresLedgerReader
from gateway.vocabulary import Effect, RecordType
from gateway.workbench.difference import Kind
from gateway.workbench.recorded import Tally, ask_again, compare_again, compare_with_ledger, merged
from tests.ledger.entries import a_caller, a_concealed_record, a_record, an_entry, sealed
from tests.support.builders import a_child, a_shield, an_involvement
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

PLAIN = (
    ("conflict", False),
    ("consent", "none-needed"),
    ("home", "same-authority"),
    ("involved", False),
    ("self", False),
    ("sensitive", False),
    ("shield", "none"),
    ("standing", "live"),
)
SHIELDED = tuple(sorted({**dict(PLAIN), "shield": "active"}.items()))

WHO = """
query Who($id: ID!) { child(by: { id: $id }) {
    givenName address { postcode } upn involvements { service practitioner { name } } carers { name }
} }
"""


def tally_of(*records, **caller):
    entry = an_entry(caller=a_caller(standing="current", **caller), records=records)
    tally = Tally()
    tally.take(json.loads(sealed(entry).entry))
    return tally


def test_a_class_is_written_once_and_named_by_each_record():
    document = json.loads(
        sealed(an_entry(records=tuple(a_record(record_class=one) for one in (PLAIN, SHIELDED, PLAIN)))).entry
    )

    assert document["classes"] == [dict(PLAIN), dict(SHIELDED)]
    assert [record["class"] for record in document["records"]] == [0, 1, 0]


def test_a_record_without_a_class_is_counted_and_not_asked_again():
    tally = tally_of(a_record(), a_record(record_class=PLAIN))

    assert (tally.entries, tally.without_class, sum(tally.recorded.values())) == (1, 1, 1)


async def test_a_decision_that_the_rules_repeat_is_no_difference(decider):
    tally = tally_of(a_record(record_class=SHIELDED, disclosed={"givenName": "c"}))

    found = compare_with_ledger(tally.recorded, await ask_again(decider, list(tally.recorded)))

    assert (found.compared, found.changes) == (2, ())


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (a_record(record_class=SHIELDED, disclosed={"address": "c"}, withheld={}), Kind.TELLS_LESS),
        (a_record(record_class=PLAIN, disclosed={}), Kind.TELLS_MORE),
        (a_concealed_record(record_class=PLAIN, concealed=()), Kind.TELLS_MORE),
    ],
    ids=["told then", "withheld then", "concealed then"],
)
async def test_a_decision_that_the_rules_do_not_repeat_is_seen(decider, record, kind):
    tally = tally_of(record)

    found = compare_with_ledger(tally.recorded, await ask_again(decider, list(tally.recorded)))

    assert [change.kind for change in found.changes] == [kind]


async def test_other_rules_are_tried_on_asks_that_were_made(decider, changed):
    tally = tally_of(
        a_record(record_class=PLAIN, type=RecordType.CARER, disclosed={"name": "c", "telephone": "c"}, withheld={})
    )
    given = '"Carer": ["name", "relationship", "contact", "children", "adult-services", "origin"]', '"Carer": ["name"]'

    async with changed("data.json", *given) as new:
        asked = list(tally.recorded)
        found = compare_again(tally.recorded, await ask_again(decider, asked), await ask_again(new, asked))

    assert [(change.place.field, change.kind, change.new.effect) for change in found.changes] == [
        ("telephone", Kind.TELLS_LESS, Effect.WITHHOLD)
    ]


def test_asks_that_differ_in_what_no_rule_reads_are_asked_once():
    tally = tally_of(a_record(record_class=PLAIN))
    for entry in (
        an_entry(caller=a_caller(standing="current", agency="another"), records=(a_record(record_class=PLAIN),)),
        an_entry(caller=a_caller(standing="suspended"), records=(a_record(record_class=PLAIN),)),
    ):
        tally.take(json.loads(sealed(entry).entry))

    assert sorted(merged(tally.recorded, {"agency"}).values()) == [1, 2]
    assert sorted(merged(tally.recorded, ()).values()) == [1, 1, 1]


async def test_every_decision_of_a_real_gateway_is_repeated_from_its_ledger(database_url, database, tmp_path, decider):
    settings = {"decider": decider, "database_timeout": 10, "ledger_timeout": 10, "request_timeout": 30}
    children = [await a_child(database) for _ in range(2)]
    await a_shield(database, children[0])
    for child in children:
        await an_involvement(database, child)
    asked_by = [await a_persona(database, role) for role in ("health-practitioner", "voluntary-practitioner")]
    async with a_gateway(database_url, tmp_path, **settings) as client:
        for persona in asked_by:
            for child in children:
                answer = await client.ask(persona, WHO, {"id": child_id(child)})
                assert answer.status == 200, answer.content

    tally = Tally()
    async for stored in PostgresLedgerReader(database).entries():
        tally.take(orjson.loads(stored.entry))
    found = compare_with_ledger(tally.recorded, await ask_again(decider, list(tally.recorded)))

    assert tally.entries == 4
    assert tally.without_class == 0
    assert found.compared > 20
    assert found.changes == ()
    assert {one.type for one in tally.recorded} >= {RecordType.CHILD, RecordType.INVOLVEMENT}
