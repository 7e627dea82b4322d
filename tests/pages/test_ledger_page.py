"""The page for auditors over HTTP: who may ask what of the ledger, what is told, and what every look leaves behind."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from connectors.postgres.database import Database
from gateway.ledger.canonical import leaf_hash
from gateway.ledger.checkpoint import hash_of, read_checkpoint
from gateway.ledger.merkle import verify_inclusion
from gateway.ledger.notes import VerifierKey
from tests.support.builders import NOW, a_child, an_agency, an_authority
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.ledger import entry_of
from tests.support.postgres import fresh_database

ELSEWHERE = "E08000003"
TODAY = {"since": NOW.date().isoformat(), "until": NOW.date().isoformat()}
LOOK = "query Look($id: ID!) { child(by: {id: $id}) { id givenName familyName nhsNumber address { lines } } }"


@pytest.fixture(scope="module")
async def database(postgres):
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=20.0)
        database.url = url
        yield database
        await database.close()


@pytest.fixture(scope="module")
async def gateway(database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    async with a_gateway(database.url, folder, decision_timeout=10.0, request_timeout=20.0) as client:
        yield client


@pytest.fixture(scope="module")
async def people(database):
    """Who asks: nurses, auditors and supervisors of two authorities, and an auditor whose training lapsed."""
    away = await an_agency(database, authority=await an_authority(database, ELSEWHERE), name="Agency elsewhere")
    home = await an_agency(database, name="Agency at home")
    lapsed = NOW.date() - timedelta(days=1)
    return {
        "nurse": await a_persona(database, "health-practitioner", agency=home, person="nurse.home"),
        "visitor": await _elsewhere(database, "health-practitioner", away, "nurse.away"),
        "auditor": await a_persona(database, "auditor", purpose="review", person="auditor"),
        "supervisor": await a_persona(database, "supervisor", agency=home, purpose="review", person="supervisor.home"),
        "colleague": await a_persona(database, "auditor", purpose="review", person="auditor.too"),
        "outsider": await _elsewhere(database, "auditor", away, "auditor.away", purpose="review"),
        "stranger": await _elsewhere(database, "supervisor", away, "supervisor.away", purpose="review"),
        "lapsed": await a_persona(database, "auditor", purpose="review", training_valid_until=lapsed),
    }


async def _elsewhere(database, role, agency, person, purpose="direct-support"):
    return replace(await a_persona(database, role, agency=agency, person=person, purpose=purpose), authority=ELSEWHERE)


@pytest.fixture(scope="module")
async def child(database, gateway, people):
    """A child whom two nurses looked at, one of each authority, under the request ids `home` and `away`."""
    child = await a_child(database, given_name="Ayesha", family_name="Okafor", nhs_number="9434765919")
    asked = {"id": child_id(child)}
    case = {"access-case": "C-77"}
    assert (await gateway.ask(people["nurse"], LOOK, asked, **{"x-request-id": "home"}, **case)).status == 200
    assert (await gateway.ask(people["visitor"], LOOK, asked, **{"x-request-id": "away"})).status == 200
    return child


@pytest.fixture(scope="module")
def looked(gateway, people, child):
    """Ask a view as somebody and return the answer."""

    async def look(who, view, body=None, **headers):
        sent = gateway.headers(people[who], **headers)
        stated = gateway.as_known(people[who], body or {})
        return await gateway.http.post(f"/ledger/api/{view}", json=stated, headers=sent)

    return look


@pytest.fixture(scope="module")
def told(looked):
    """Ask a view as somebody and return its data."""

    async def tell(who, view, body=None, **headers):
        answer = await looked(who, view, body, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    return tell


async def number_of(database, request_id):
    (row,) = await database.fetch("SELECT seq FROM ledger_entry WHERE request_id = $1", request_id)
    return row["seq"]


async def test_an_auditor_finds_what_callers_of_all_authorities_asked(told):
    data = await told("auditor", "entries", TODAY | {"role": "health-practitioner"})

    assert [entry["person"] for entry in data["entries"]] == ["nurse.away", "nurse.home"]
    assert [entry["agency"] for entry in data["entries"]] == ["Agency elsewhere", "Agency at home"]


async def test_a_supervisor_finds_what_callers_of_the_own_authority_asked(told):
    for who, found in (("supervisor", "nurse.home"), ("stranger", "nurse.away")):
        data = await told(who, "entries", TODAY | {"role": "health-practitioner"})

        assert [entry["person"] for entry in data["entries"]] == [found]


async def test_an_entry_of_another_authority_is_to_a_supervisor_as_one_that_is_not_there(looked, database):
    there = await looked("stranger", "entry", {"number": await number_of(database, "home")}, **{"x-request-id": "same"})
    absent = await looked("stranger", "entry", {"number": 10**12}, **{"x-request-id": "same"})

    assert there.status_code == absent.status_code == 200
    assert there.content == absent.content


async def test_hours_are_counted_over_what_may_be_told(told):
    every = await told("auditor", "hours", TODAY | {"role": "health-practitioner"})
    own = await told("stranger", "hours", TODAY | {"role": "health-practitioner"})

    assert {row["title"]: row["hours"][NOW.hour] for row in every["rows"]} == {
        "Agency at home": 1,
        "Agency elsewhere": 1,
    }
    assert [row["title"] for row in own["rows"]] == ["Agency elsewhere"]


async def seen_by(told, who, database, request_id):
    """Whether somebody finds an entry, by its list and by its number; it is either both or neither."""
    listed = (await told(who, "entries", TODAY | {"request_id": request_id}))["entries"]
    opened = (await told(who, "entry", {"number": await number_of(database, request_id)}))["entry"]
    assert bool(listed) == bool(opened)
    return bool(listed)


async def test_nobody_but_the_reviewer_reads_that_the_own_authoritys_callers_were_reviewed(
    told, gateway, people, database
):
    period = {"from": NOW.date().isoformat(), "to": NOW.date().isoformat()}
    reviewed = await gateway.ask(
        people["auditor"],
        "query Review($from: Date!, $to: Date!) { accessReview(from: $from, to: $to) { callers } }",
        period,
        **{"x-request-id": "review", "access-reason": "Concerns about the supervisor"},
    )
    assert reviewed.codes == []

    # Nothing was found, so that the entry does not say whose callers they were: nobody else is told of it.
    seen = {
        who: await seen_by(told, who, database, "review")
        for who in ("auditor", "colleague", "supervisor", "stranger", "outsider")
    }
    assert seen == {"auditor": True, "colleague": False, "supervisor": False, "stranger": False, "outsider": False}


async def test_an_auditor_of_another_authority_reads_of_reviews_of_others_and_not_of_the_own_callers(told, database):
    for looked_at in ("home", "away"):
        number = await number_of(database, looked_at)
        await told("auditor", "entry", {"number": number}, **{"x-request-id": f"review-of-{looked_at}"})

    assert await seen_by(told, "outsider", database, "review-of-home")
    assert not await seen_by(told, "outsider", database, "review-of-away")
    assert not await seen_by(told, "colleague", database, "review-of-home")


async def test_reviews_of_others_are_not_counted(told, people, gateway, database):
    await told("auditor", "book")
    reviewers = {"role": "auditor"}

    counted = {who: (await told(who, "hours", TODAY | reviewers))["rows"] for who in ("colleague", "supervisor")}
    own = (await told("auditor", "hours", TODAY | reviewers))["rows"]

    # What the colleague has asked stands there, and nothing of the auditor's agency.
    auditors = people["auditor"].agency, people["colleague"].agency
    assert str(auditors[0]) in {row["agency"] for row in own}
    assert str(auditors[0]) not in {row["agency"] for rows in counted.values() for row in rows}
    assert not counted["supervisor"]


async def test_whoever_states_a_review_without_being_a_reviewer_is_shown_to_reviewers(told, looked, database):
    await looked("nurse", "entries", TODAY, **{"access-purpose": "review", "x-request-id": "no-reviewer"})

    assert await seen_by(told, "supervisor", database, "no-reviewer")
    assert await seen_by(told, "colleague", database, "no-reviewer")


@pytest.mark.parametrize("view", ["book", "entries", "entry", "hours", "proof"])
async def test_a_nurse_is_refused_every_view_and_the_ledger_says_so(looked, gateway, database, view):
    body = {"entries": TODAY, "hours": TODAY, "proof": TODAY, "entry": {"number": 0}}.get(view)
    refused = await looked("nurse", view, body, **{"x-request-id": f"nurse-{view}"})

    entry = await entry_of(database, gateway.data_dir, f"nurse-{view}")
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "NOT_FOR_ROLE")
    assert entry["outcome"]["codes"][0]["reason"] == "ledger-not-for-role"


async def test_a_lapsed_auditor_is_refused(looked):
    refused = await looked("lapsed", "entries", TODAY)

    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "ACCESS_LAPSED")


async def test_the_ledger_is_read_for_review_only(looked):
    refused = await looked("auditor", "entries", TODAY, **{"access-purpose": "direct-support"})

    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "PURPOSE_REQUIRED")


async def test_one_entry_says_who_why_and_what_was_decided_on_every_field(told, gateway, people, database, child):
    data = await told("auditor", "entry", {"number": await number_of(database, "home")})

    entry = data["entry"]
    (record,) = entry["records"]
    fields = {field["name"]: field["effect"] for field in record["fields"]}
    assert (entry["person"], entry["name"], entry["reason"]) == (
        "nurse.home", "Made-up nurse.home", "Seeing the child today",
    )  # fmt: skip
    assert (entry["caseReference"], entry["purpose"], entry["outcome"]) == ("C-77", "direct-support", "answered")
    assert (record["type"], record["children"]) == ("Child", [1])
    assert fields["familyName"] == "disclose"
    assert entry["children"] == [gateway.as_known(people["auditor"], child_id(child))]


async def test_reviewers_of_two_agencies_are_told_two_ids_of_a_child_and_neither_is_the_directorys(
    told, database, child
):
    number = await number_of(database, "home")

    answers = [await told(who, "entry", {"number": number}) for who in ("auditor", "supervisor")]

    one, other = [answer["entry"]["children"] for answer in answers]
    assert one != other
    for form in (str(child), UUID(str(child)).hex):
        assert form not in json.dumps(answers)


async def test_no_childs_name_and_nothing_that_was_typed_is_told(looked, gateway, people, database):
    search = '{ children(by: {familyName: "Okafor", dateOfBirth: "2015-03-04"}) { candidates { grade } } }'
    await gateway.ask(people["nurse"], search, **{"x-request-id": "searched"})

    answer = await looked("auditor", "entry", {"number": await number_of(database, "searched")})

    entry = answer.json()["data"]["entry"]
    assert "Okafor" not in answer.text
    assert "Ayesha" not in answer.text
    assert entry["searchedBy"] == ["familyName", "dateOfBirth"]
    assert entry["withheld"] == {"text": "NOT_FOR_ROLE", "variables": "NOT_FOR_ROLE"}


async def test_a_child_is_looked_for_by_id(told, child):
    data = await told("auditor", "entries", TODAY | {"child": child_id(child), "outcome": "answered"})

    assert {"nurse.home", "nurse.away"} <= {entry["person"] for entry in data["entries"]}


async def test_a_child_that_nobody_knows_was_looked_at_by_nobody(told):
    data = await told("auditor", "entries", TODAY | {"child": child_id(uuid4())})

    assert data == {"entries": [], "next": None}


async def test_a_childs_name_is_no_id(looked):
    refused = await looked("auditor", "entries", TODAY | {"child": "Ayesha Okafor"})

    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_every_look_is_recorded_with_the_entries_told_before_it_is_answered(told, gateway, database):
    number = await number_of(database, "home")
    await told("auditor", "entry", {"number": number}, **{"x-request-id": "looked"})

    look = await entry_of(database, gateway.data_dir, "looked")
    (record,) = look["records"]
    assert (look["ask"]["text"], json.loads(look["ask"]["variables"])) == ("ledger: entry", {"number": number})
    assert (record["type"], record["id"]) == ("LedgerEntry", str(number))
    assert set(record["withheld"]) == {"text", "variables"}
    assert {"person", "reason", "children"} <= set(record["disclosed"])


async def test_a_look_at_an_entry_shows_in_the_log_of_the_child_it_is_about(told, gateway, database, child):
    number = await number_of(database, "home")
    await told("auditor", "entry", {"number": number}, **{"x-request-id": "about"})

    look = await entry_of(database, gateway.data_dir, "about")
    assert look["records"][0]["about"] == [str(child)]


async def test_an_entry_is_proved_against_the_newest_checkpoint(told, database):
    number = await number_of(database, "home")
    data = await told("auditor", "entry", {"number": number})
    for _ in range(600):
        if data["proof"]["note"] is not None:
            break
        await asyncio.sleep(0.1)
        data = await told("auditor", "entry", {"number": number})

    proof, entry = data["proof"], data["entry"]
    checkpoint, note = read_checkpoint(proof["note"])
    leaf = leaf_hash(entry["document"].encode())
    assert leaf == hash_of(entry["leafHash"])
    assert verify_inclusion(number, checkpoint.size, leaf, [hash_of(one) for one in proof["path"]], checkpoint.root)
    assert note.signed_by(VerifierKey.parse(proof["keys"][0]))


async def test_pages_follow_each_other_without_gap_or_double(told, gateway, people):
    for _ in range(60):
        await gateway.ask(people["nurse"], "{ me { role } }", **{"access-reason": "many"})
    sought = TODAY | {"person": "nurse.home"}

    first = await told("auditor", "entries", sought)
    await gateway.ask(people["nurse"], "{ me { role } }")
    second = await told("auditor", "entries", sought | {"before": first["next"]})

    numbers = [entry["number"] for entry in (*first["entries"], *second["entries"])]
    assert len(first["entries"]) == 50
    assert len(numbers) == len(set(numbers)) > 60
    assert numbers == sorted(numbers, reverse=True)
    assert second["next"] is None


async def test_growth_lag_and_checkpoints_are_shown(told):
    data = await told("supervisor", "proof", TODAY | {"by": "hour"})

    assert data["lag"]["entries"] >= data["lag"]["signed"] > 0
    assert data["lag"]["fault"] is None
    assert data["growth"][0]["at"] == NOW.isoformat()
    assert sum(one["entries"] for one in data["growth"]) == data["lag"]["entries"]
    assert data["checkpoints"][0]["size"] >= data["lag"]["signed"]
    assert data["archived"] == []


async def test_an_entry_that_was_changed_is_shown_as_changed(told, gateway, database, people):
    await gateway.ask(people["nurse"], "{ me { role } }", **{"x-request-id": "planted"})
    number = await number_of(database, "planted")
    await _plant(database, "UPDATE ledger_entry SET entry = left(entry, 100) WHERE seq = $1", number)
    try:
        data = await told("auditor", "entry", {"number": number})
    finally:
        await _plant(database, "DELETE FROM ledger_entry WHERE seq = $1", number)

    assert data["sealed"]["state"] == "unreadable"
    assert leaf_hash(data["entry"]["document"].encode()) != hash_of(data["entry"]["leafHash"])
    assert data["entry"]["person"] == "nurse.home"


async def _plant(database, statement, *arguments):
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role TO replica")
        await connection.execute(statement, *arguments)


@pytest.mark.parametrize(
    ("view", "body"),
    [
        ("entries", {"since": "2026-11-22", "until": "2026-11-21"}),
        ("entries", {"since": "2020-01-01", "until": "2026-11-21"}),
        ("entries", {}),
        ("entries", TODAY | {"surprise": 1}),
        ("entries", TODAY | {"before": "now"}),
        ("entries", TODAY | {"before": "2026-11-22T10:00:00~4"}),
        ("entries", TODAY | {"hour": 24}),
        ("entry", {"number": -1}),
        ("entry", {"number": 2**63}),
    ],
)
async def test_a_body_that_is_not_of_its_form_is_refused(looked, view, body):
    refused = await looked("auditor", view, body)

    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_views_are_posted_for_and_never_kept(gateway, looked):
    assert (await gateway.http.get("/ledger/api/entries")).status_code == 405
    assert (await looked("auditor", "book")).headers["cache-control"] == "no-store"
    assert (await gateway.http.post("/ledger/api/everything", json={})).status_code == 404


async def test_the_page_allows_no_inline_script_and_no_other_host(gateway):
    page = await gateway.http.get("/ledger")

    directives = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert directives["default-src"] == "'none'"
    assert (directives["script-src"], directives["style-src"], directives["connect-src"]) == ("'self'",) * 3
    assert "style=" not in page.text
    assert '<script type="application/json" id="configuration">{}</script>' in page.text
