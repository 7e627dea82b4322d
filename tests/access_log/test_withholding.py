"""An entry is kept from child and carers on lawful grounds, for a time, by two people, and then shown whole (L4)."""

import asyncio
from datetime import timedelta

import pytest

from tests.access_log.conftest import SLOW
from tests.changes.asking import a_key, ask_change
from tests.support.builders import NOW, an_agency
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.ledger import as_read, opening_reader


@pytest.fixture
async def enquired(looking):
    """A nurse looked to help, and a social worker because of a worry."""
    await looking.look(looking.nurse)
    await looking.look(looking.worker, "givenName address { postcode }")
    return looking


async def withheld(looking, **stated):
    answer = await looking.withhold(**stated)
    assert answer.refused == []
    return answer.payload["withholding"]


async def confirmed(looking, **stated):
    withholding = await withheld(looking, **stated)
    assert (await looking.confirm(withholding["id"])).refused == []
    return withholding


async def test_a_withheld_entry_is_gone_from_the_very_next_read(enquired):
    before = await enquired.looks(enquired.ayesha)

    await withheld(enquired)

    assert before == ["social-worker", "health-practitioner"]
    assert await enquired.looks(enquired.ayesha) == ["health-practitioner"]


async def test_it_is_gone_on_every_process(enquired, database_url, tmp_path, decider, clock):
    async with a_gateway(database_url, tmp_path, decider=decider, clock=clock, **SLOW) as other:
        elsewhere = enquired.through(other)
        before = await elsewhere.looks(enquired.ayesha)

        withholding = await withheld(enquired)
        during = await elsewhere.looks(enquired.ayesha)
        await enquired.lift(withholding["id"])

        assert len(before) == 2
        assert during == ["health-practitioner"]
        assert await elsewhere.looks(enquired.ayesha) == before


async def test_the_auditor_sees_the_entry_and_its_withholding(enquired):
    withholding = await withheld(enquired)

    entry = await enquired.entry("social-worker")

    assert (entry["withholding"], entry["withheldGround"]) == (withholding["id"], "child-abuse-data")
    assert entry["reason"] == "Seeing the child today"


async def test_pages_cursors_and_their_end_are_those_of_a_log_without_the_entry(looking):
    for by in (looking.nurse, looking.worker, looking.nurse, looking.worker):
        await looking.look(by)
    entries = await looking.log(looking.auditor)
    for entry in entries:
        if entry["role"] == "social-worker":
            assert (await looking.withhold(entry=entry["id"])).refused == []

    walked, after, more = [], None, True
    while more:
        log = (await looking.page(looking.ayesha, first=1, after=after)).data["accessLog"]
        walked += [edge["node"]["role"] for edge in log["edges"]]
        after, more = log["pageInfo"]["endCursor"], log["pageInfo"]["hasNextPage"]

    assert walked == ["auditor", "health-practitioner", "health-practitioner"]


async def test_a_page_is_full_although_entries_on_the_way_are_withheld(looking):
    await looking.look(looking.nurse)
    for _ in range(3):
        await looking.look(looking.worker)

    page = (await looking.page(looking.mother, first=1)).data["accessLog"]  # carers see no enquiry

    assert [edge["node"]["role"] for edge in page["edges"]] == ["health-practitioner"]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_a_brother_or_sisters_log_does_not_show_it_either(looking):
    text = '{ a: child(by: {id: "%s"}) { givenName } b: child(by: {id: "%s"}) { givenName } }'
    await looking.client.ask(looking.worker, text % (child_id(looking.child), child_id(looking.brother)))
    before = await looking.entry("social-worker", child=looking.brother)

    await withheld(looking)

    brother = await a_persona(
        looking.database, "child", subject_child=looking.brother, purpose="subject-access",
        training_valid_until=None, check_issued_on=None,
    )  # fmt: skip
    assert before["role"] == "social-worker"
    assert await looking.looks(brother, child=looking.brother) == []


async def test_unconfirmed_it_ends_with_the_provisional_time(enquired, clock):
    withholding = await withheld(enquired)

    clock.pass_(hours=71, minutes=59)
    during = await enquired.looks(enquired.ayesha)
    clock.pass_(minutes=1)

    assert withholding["provisionalUntil"] == "2026-11-25T10:00:00+00:00"
    assert during == ["health-practitioner"]
    assert await enquired.looks(enquired.ayesha) == ["social-worker", "health-practitioner"]


async def test_confirmed_it_holds_until_its_day_and_then_the_entry_is_shown_whole(enquired, clock):
    await confirmed(enquired)

    clock.pass_(days=59, hours=23)
    during = await enquired.looks(enquired.ayesha)
    clock.pass_(hours=1)
    shown = next(one for one in await enquired.log(enquired.ayesha) if one["role"] == "social-worker")

    assert during == ["health-practitioner"]
    assert shown["fieldsInWords"] == ["your name", "your address"]
    assert shown["purpose"] == "safeguarding-enquiry"
    assert (shown["withheldUntil"], shown["withheldGround"]) == ("2027-01-21T10:00:00+00:00", "child-abuse-data")


async def test_lifted_it_is_shown_from_the_next_read(enquired):
    withholding = await confirmed(enquired)

    lifted = await enquired.lift(withholding["id"])

    assert (lifted.refused, lifted.payload["withholding"]["inForce"]) == ([], False)
    assert await enquired.looks(enquired.ayesha) == ["social-worker", "health-practitioner"]


async def test_nobody_keeps_an_entry_back_alone_again_and_again(enquired, clock):
    await withheld(enquired)
    clock.pass_(hours=73)

    again = await withheld(enquired, until=(clock() + timedelta(days=10)).isoformat())
    alone = await enquired.looks(enquired.ayesha)
    await enquired.confirm(again["id"])

    assert again["inForce"] is False
    assert alone == ["social-worker", "health-practitioner"]
    assert await enquired.looks(enquired.ayesha) == ["health-practitioner"]


async def test_that_it_was_withheld_does_not_show_while_or_after_it_is(enquired, clock):
    """The reviewers' reading of the log shows, as any look does; their withholding does not."""
    before = [one["role"] for one in await enquired.log(enquired.ayesha) if one["purpose"] == "review"]
    withholding = await confirmed(enquired)  # reads the log once, as auditor
    await enquired.lift(withholding["id"])

    after = [one["role"] for one in await enquired.log(enquired.ayesha) if one["purpose"] == "review"]

    assert before == []
    assert after == ["auditor"]


async def test_nobody_confirms_what_they_asked_for(enquired):
    withholding = await withheld(enquired)

    assert (await enquired.confirm(withholding["id"], by=enquired.auditor)).refused == ["SECOND_PERSON_NEEDED"]


async def test_whoever_works_where_the_look_was_made_does_not_confirm(enquired):
    withholding = await withheld(enquired)

    assert (await enquired.confirm(withholding["id"], by=enquired.supervisor)).refused == ["REVIEWER_NEEDED"]


async def test_a_supervisor_of_the_looks_agency_may_ask(enquired):
    assert (await enquired.withhold(by=enquired.supervisor)).refused == []


@pytest.mark.parametrize("who", ["worker", "mother", "ayesha", "nurse"])
async def test_nobody_else_withholds_confirms_or_lifts(enquired, who):
    withholding = await withheld(enquired)
    somebody = getattr(enquired, who)

    refused = [
        await enquired.withhold(by=somebody),
        await enquired.confirm(withholding["id"], by=somebody),
        await enquired.lift(withholding["id"], by=somebody),
    ]

    assert all(answer.payload is None or answer.payload["errors"] for answer in refused)
    assert {error for answer in refused for error in answer.refused or ()} <= {"NOT_FOR_ROLE", "NOT_FOUND"}


@pytest.mark.parametrize(
    ("stated", "code", "field"),
    [
        ({"ground": "it-is-embarrassing"}, "GROUND_NEEDED", None),
        ({"ground": "court-order"}, "GROUND_NEEDED", None),  # a ground of grants, not of withholding
        ({"reason": " "}, "REASON_NEEDED", "reason"),
        ({"reason": "x" * 501}, "TEXT_TOO_LONG", "reason"),
        ({"until": (NOW + timedelta(days=91)).isoformat()}, "TOO_LONG", "until"),
        ({"until": NOW.isoformat()}, "NOT_LATER", "until"),
        ({"until": "2027-01-01T00:00:00"}, "NOT_LATER", "until"),
        ({"entry": "nothing"}, "NOT_FOUND", "entry"),
        ({"child": "chd-nothing"}, "NOT_FOUND", "entry"),
    ],
)
async def test_what_is_not_lawful_or_not_there_is_refused(enquired, stated, code, field):
    refused = await enquired.withhold(**stated)

    assert [(error["code"], error["field"]) for error in refused.payload["errors"]] == [(code, field)]
    assert await enquired.database.fetch("SELECT FROM log_withholding") == []


async def test_a_reference_to_another_childs_entry_is_one_to_nothing(looking):
    await looking.look(looking.worker, child=looking.brother)
    other = await looking.entry("social-worker", child=looking.brother)
    await looking.look(looking.worker)

    assert (await looking.withhold(entry=other["id"])).refused == ["NOT_FOUND"]


async def test_an_entry_is_withheld_once_at_a_time(enquired):
    answers = await asyncio.gather(enquired.withhold(), enquired.withhold(by=enquired.supervisor))

    assert sorted((answer.refused for answer in answers), key=len) == [[], ["ALREADY_WITHHELD"]]


async def test_what_ended_is_neither_confirmed_nor_lifted(enquired, clock):
    withholding = await confirmed(enquired)
    again = await enquired.confirm(withholding["id"])
    clock.pass_(days=61)

    assert again.refused == ["NOTHING_TO_CONFIRM"]
    assert (await enquired.lift(withholding["id"])).refused == ["NOT_IN_FORCE"]
    assert (await enquired.confirm("no-such-withholding")).refused == ["NOT_FOUND"]


async def test_a_look_of_another_authoritys_child_is_not_ours_to_withhold(looking, database):
    await an_agency(database)
    await database.execute("INSERT INTO authority (code, name) VALUES ('E08000003', 'Elsewhere')")
    await looking.look(looking.worker)
    entry = await looking.entry("social-worker")
    await database.execute("UPDATE child SET authority = 'E08000003' WHERE id = $1", looking.child)

    assert (await looking.withhold(entry=entry["id"])).refused in (["HELD_ELSEWHERE"], ["NOT_FOUND"])


async def test_a_key_sent_again_withholds_once(enquired, database):
    key = a_key()
    entry = (await enquired.entry("social-worker"))["id"]

    first, second = [await enquired.withhold(key=key, entry=entry) for _ in range(2)]

    assert first.content == second.content
    assert len(await database.fetch("SELECT FROM log_withholding")) == 1


async def test_every_step_stands_in_the_ledger(enquired, database, tmp_path):
    withholding = await confirmed(enquired)
    await enquired.lift(withholding["id"])

    reader = opening_reader(database, tmp_path)
    entries = [as_read(opened) for opened in await reader.opened(await reader.latest(first=3))]

    actions = [[record for record in entry["records"] if record["type"] == "Action"] for entry in reversed(entries)]
    # The newest three: the asking stands before the confirmation.
    assert [action["disclosed"] for (action,) in actions] == [
        ["withholdLogEntry"], ["confirmWithholding"], ["liftWithholding"]
    ]  # fmt: skip
    assert {record["type"] for entry in entries for record in entry["records"]} >= {"LogWithholding"}
    assert {about for entry in entries for record in entry["records"] for about in record["about"]} == {
        str(enquired.child)
    }


async def test_without_its_entry_in_the_ledger_nothing_is_withheld(enquired, database_url, tmp_path, decider, clock):
    entry = (await enquired.entry("social-worker"))["id"]

    class BrokenLedger:
        writing = False

        def start(self):
            pass

        async def close(self):
            pass

        async def record(self, _entry):
            from gateway.errors import AuditUnavailable

            raise AuditUnavailable("The ledger could not be written; nothing is told.", reason="broken")

    async with a_gateway(database_url, tmp_path, decider=decider, clock=clock, ledger=BrokenLedger(), **SLOW) as broken:
        answer = await enquired.through(broken).client.ask(enquired.auditor, "{ me { role } }")
        refused = await ask_change(
            broken, enquired.auditor, "withholdLogEntry", "withholding { id }",
            child=child_id(enquired.child), entry=entry, ground="child-abuse-data", reason="An enquiry",
            until=(NOW + timedelta(days=2)).isoformat(),
        )  # fmt: skip

    assert answer.codes == refused.codes == ["AUDIT_UNAVAILABLE"]
    assert await enquired.looks(enquired.ayesha) == ["social-worker", "health-practitioner"]
