"""The policy workbench as HTTP sees it: who is let in, what is recorded, and what becomes of rules that are sent."""

import base64
import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from connectors.postgres.database import Database
from connectors.rule_set import RuleSet
from gateway.pages.graphiql import PagePersona
from gateway.pages.policies import policies_routes
from tests.support.builders import NOW
from tests.support.gateway import a_gateway, a_persona
from tests.support.ledger import entry_of
from tests.support.postgres import fresh_database

POLICIES = Path(__file__).resolve().parents[2] / "policies"
RULES = RuleSet.read(POLICIES)
AUTHOR = PagePersona(
    key="author", title="Robin <author>", token="t", purpose="policy-testing", reason="</script><b>", example=""
)


@pytest.fixture(scope="module")
async def database(postgres):
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=20.0)
        database.url = url
        yield database
        await database.close()


@pytest.fixture(scope="module")
async def gateway(database, tmp_path_factory):
    """A client of a gateway over an empty directory; these tests change nothing in it but the ledger."""
    folder = tmp_path_factory.mktemp("gateway")
    async with a_gateway(database.url, folder, decision_timeout=10.0, request_timeout=20.0) as client:
        yield client


@pytest.fixture(scope="module")
async def author(database):
    return await a_persona(database, "policy-author", purpose="policy-testing")


@pytest.fixture(scope="module")
def asked(gateway, author):
    """Ask a view as a policy author and return its data."""

    async def ask(view, body=None, *, proposal=None, request_id="asked"):
        sent = (body or {}) | ({} if proposal is None else {"proposal": proposal})
        headers = gateway.headers(author, **{"x-request-id": request_id})
        answer = await gateway.http.post(f"/policies/api/{view}", json=sent, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    return ask


def visitor(*personas):
    app = Starlette(routes=policies_routes(personas=personas))
    return AsyncClient(transport=ASGITransport(app), base_url="http://gateway.invalid")


async def code_of(gateway, headers):
    answer = await gateway.http.post("/policies/api/book", json={}, headers=headers)
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


async def test_a_policy_author_gets_the_book(asked):
    book = await asked("book")

    assert book["revision"] == book["rules"] == RULES.revision
    assert [role["code"] for role in book["roles"]] == list(RULES.data["roles"])


async def test_without_a_token_there_is_no_book(gateway):
    assert await code_of(gateway, {"access-purpose": "policy-testing", "access-reason": "x"}) == (
        401,
        "UNAUTHENTICATED",
    )


async def test_a_nurse_is_refused_and_the_ledger_says_so(gateway, database):
    nurse = await a_persona(database, "health-practitioner")

    refused = await code_of(gateway, gateway.headers(nurse, **{"x-request-id": "nurse"}))

    entry = await entry_of(database, gateway.data_dir, "nurse")
    assert refused == (403, "NOT_FOR_ROLE")
    assert (entry["ask"]["operation"], entry["outcome"]["status"]) == ("book", "refused")
    assert entry["outcome"]["codes"] == [{"code": "NOT_FOR_ROLE", "reason": "workbench-not-for-role"}]


async def test_a_policy_author_states_the_purpose_and_a_reason(gateway, author):
    unstated = gateway.headers(author, **{"access-purpose": None})
    unreasoned = gateway.headers(author, **{"access-reason": None})

    assert await code_of(gateway, unstated) == (403, "PURPOSE_REQUIRED")
    assert await code_of(gateway, unreasoned) == (403, "PURPOSE_REQUIRED")


async def test_a_policy_author_whose_training_lapsed_is_refused(gateway, database):
    lapsed = await a_persona(
        database, "policy-author", purpose="policy-testing", training_valid_until=NOW.date().replace(year=2025)
    )

    assert await code_of(gateway, gateway.headers(lapsed)) == (403, "ACCESS_LAPSED")


async def test_every_use_is_recorded_with_what_was_asked_and_not_with_the_rules_sent(asked, gateway, database):
    body = {"role": "gp", "type": "Child", "attributes": {"shield": "active"}}
    await asked("map", body, proposal=SAME_RULES, request_id="map")

    entry = await entry_of(database, gateway.data_dir, "map")
    assert entry["ask"]["text"] == "workbench: map"
    assert entry["outcome"]["status"] == "answered"
    assert entry["policy"]["revision"] == RULES.revision
    noted = json.loads(entry["ask"]["variables"])
    assert (noted["role"], noted["attributes"]) == ("gp", {"shield": "active"})
    assert set(noted["proposal"]) == {"files", "instead", "sha256"}


ONLY_BROKERING = json.dumps({"brokering": RULES.data["brokering"]})
SAME_RULES = {"files": {"data.json": json.dumps(RULES.data)}}


async def test_a_situation_is_decided_as_the_rules_in_force_decide_it(asked):
    data = await asked("map", {"role": "gp", "purpose": "direct-support", "attributes": {"shield": "active"}})

    fields = {field["field"]: field for field in data["fields"]}
    assert (fields["address"]["effect"], fields["address"]["tell"]) == ("withhold", "SHIELDED")
    assert fields["givenName"]["effect"] == "disclose"
    assert (data["revision"], data["engine"]) == (RULES.revision, "embedded")


async def test_a_name_that_the_rules_do_not_know_is_refused_with_near_ones(gateway, author):
    answer = await gateway.http.post("/policies/api/map", json={"role": "gpp"}, headers=gateway.headers(author))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "No role is called gpp: perhaps gp."


async def test_the_matrix_has_every_role_and_field_of_a_type(asked):
    data = await asked("matrix", {"type": "Carer", "record_class": "plain"})

    assert [row["role"] for row in data["rows"]] == list(RULES.data["roles"])
    assert {len(row["cells"]) for row in data["rows"]} == {len(data["fields"])}
    assert max(number for row in data["rows"] for number in row["cells"]) < len(data["decisions"])


async def test_an_explanation_names_the_reason_and_the_fact_it_hangs_on(asked):
    data = await asked(
        "explanation",
        {"role": "gp", "purpose": "direct-support", "attributes": {"shield": "active"}, "field": "address"},
    )

    assert data["effect"] == "withhold"
    assert any("shield is active" in line for line in data["sentences"]["why"]["shield-active"])


async def test_a_role_that_sees_more_is_told_first(asked):
    book = json.loads(json.dumps(RULES.data))
    book["roles"]["voluntary-practitioner"]["sees"]["Child"].append("health-identifier")

    data = await asked("difference", {"type": "Child"}, proposal={"files": {"data.json": json.dumps(book)}})

    assert data["old"] == RULES.revision != data["new"]
    assert data["counts"]["tells-more"] > 0 == data["counts"]["tells-less"]
    assert {group["field"] for group in data["groups"]} == {"nhsNumber"}
    assert data["by"]["role"] == {"voluntary-practitioner": data["counts"]["tells-more"]}


async def test_the_same_rules_in_an_archive_make_no_difference(asked):
    archive = base64.b64encode(RULES.bundle()).decode()

    data = await asked("difference", {"type": "Setting"}, proposal={"archive": archive, "instead": True})

    assert data["new"] == data["old"]
    assert set(data["counts"].values()) == {0}
    assert data["left_out"] == [".manifest"]


async def test_the_cases_hold_under_the_rules_in_force_and_not_under_others(asked):
    book = json.loads(json.dumps(RULES.data))
    book["workbench"]["roles"] = ["health-practitioner"]

    held = await asked("cases")
    broken = await asked("cases", proposal={"files": {"data.json": json.dumps(book)}})

    assert (held["failed"], held["tried"]) == (0, broken["tried"])
    failed = {case["name"]: case["differences"] for case in broken["cases"] if case["differences"]}
    assert failed["a-policy-author-uses-the-workbench"][0] == {
        "part": "workbench: effect",
        "expected": "disclose",
        "got": "withhold",
        "reasons": ["workbench-not-for-role"],
    }


async def test_a_proposal_may_bring_cases_of_its_own(asked):
    case = {"why": "tried", "type": "Child", "expect": {"exists": "conceal"}}

    data = await asked("cases", proposal={"files": {"cases/mine.json": json.dumps({"mine-fails": case})}})

    assert [one["name"] for one in data["cases"] if one["differences"]] == ["mine-fails"]


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", ".", 1), text)
    return base64.b64encode(packed.getvalue()).decode()


def tarred(path, text):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(path)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    return base64.b64encode(packed.getvalue()).decode()


ENDLESS = """package directory.endless

digits := {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}

many := {n |
	some a in digits
	some b in digits
	some c in digits
	some d in digits
	some e in digits
	some f in digits
	some g in digits
	n := [a, b, c, d, e, f, g]
}
"""
ANSWERS_ALL = "package directory\n\nanswer := data.directory.endless.many\n"


@pytest.mark.parametrize(
    ("proposal", "file", "line", "message"),
    [
        ({"files": {"new.rego": "package new\n\nx := {\n"}}, "directory/new.rego", 3, "this is unclosed"),
        ({"files": {"new.rego": "package new\n\nx := opa.runtime ()\n"}}, "directory/new.rego", 3, "calls opa.runtime"),
        (
            {"files": {"new.rego": 'package new\n\nx := http.send({"url": "http://a.invalid"})\n'}},
            "directory/new.rego",
            3,
            "calls http.send",
        ),
        ({"files": {"data.json": '{\n  "roles":\n}'}}, "data.json", 3, "This is not JSON"),
        ({"files": {"data.json": "{}"}}, None, None, "data.json: brokering.kept_days.answered has to be"),
        ({"files": {"data.json": ONLY_BROKERING}}, "data.json", None, "roles: Field required"),
        ({"files": {"data.json": "[" * 100_000}}, "data.json", None, ""),
        ({"files": {"notes.md": "words"}}, None, None, "There is no file of rules"),
        ({"files": {"only.rego": "package x\n"}, "instead": True}, "data.json", None, "There is no data.json"),
        ({"files": {"a/x.rego": "package x\n", "b/x.rego": "package x\n"}}, "b/x.rego", None, "There are two files"),
        ({"archive": base64.b64encode(b"no archive").decode()}, None, None, "The archive is neither"),
        ({"archive": zipped(data_json=" " * 20_000_000)}, None, None, "The files are over 256 KB"),
        ({"archive": zipped(**{f"r{n}_rego": "package x" for n in range(65)})}, None, None, "There are more than 64"),
        ({"archive": tarred("../../escape.rego", "package x\n\nx := upper(1)\n")}, "directory/escape.rego", 3, "calls"),
    ],
)
async def test_rules_that_cannot_be_tried_are_answered_with_the_place(asked, proposal, file, line, message):
    data = await asked("book", proposal=proposal)

    problem = data["problems"][0]
    assert (problem["file"], problem["line"]) == (file, line)
    assert message in problem["message"]
    assert "Traceback" not in problem["message"]
    assert "rule-trial-" not in problem["message"]


async def test_rules_that_leave_a_question_undecided_are_answered_with_the_question(asked):
    silent = {"files": {"decide.rego": "package directory\n\nanswer := 1\n"}}

    data = await asked("map", {"role": "gp", "purpose": "early-help"}, proposal=silent)

    assert "The rules leave a question of gp for early-help undecided" in data["problems"][0]["message"]


async def test_rules_that_grow_without_end_end_with_their_process(asked):
    endless = {
        "files": {
            "endless.rego": ENDLESS,
            "decide.rego": "package directory\n\nanswer := data.directory.endless.many\n",
        }
    }

    data = await asked("map", {"role": "gp"}, proposal=endless)

    assert re.search("the engine stopped|within|undecided", data["problems"][0]["message"])


async def test_the_text_of_a_file_in_force_can_be_fetched_to_be_changed(asked):
    rules = await asked("source", {"file": "directory/ask.rego"})
    book = await asked("source", {"file": "data.json"})

    assert rules["text"] == RULES.modules["directory/ask.rego"]
    assert json.loads(book["text"]) == RULES.data


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"role": 1}, 400),
        ({"surprise": 1}, 400),
        ({"role": "gp", "proposal": {"archive": "not base64!"}}, 400),
        ({"role": "gp", "proposal": {"files": {"data.json": " " * 300_000}}}, 413),
        ({"role": "gp", "proposal": {"files": {"data.json": " " * 600_000}}}, 413),
    ],
)
async def test_a_body_that_is_not_of_its_form_is_refused_unread(gateway, author, body, status):
    answer = await gateway.http.post("/policies/api/map", json=body, headers=gateway.headers(author))

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, "BAD_REQUEST")


async def test_an_unknown_view_is_not_found(gateway):
    assert (await gateway.http.post("/policies/api/everything", json={})).status_code == 404


async def test_views_are_posted_for_and_never_kept(gateway, author):
    got = await gateway.http.get("/policies/api/book", headers=gateway.headers(author))
    posted = await gateway.http.post("/policies/api/book", json={}, headers=gateway.headers(author))

    assert got.status_code == 405
    assert posted.headers["cache-control"] == "no-store"


async def test_the_page_has_no_rule_and_no_token_in_it(gateway):
    page = await gateway.http.get("/policies")

    assert page.status_code == 200
    assert [role for role in RULES.data["roles"] if role in page.text] == []
    assert '<script type="application/json" id="configuration">{}</script>' in page.text


async def test_the_page_allows_no_inline_script_no_inline_style_and_no_other_host(gateway):
    page = await gateway.http.get("/policies")

    directives = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert directives["default-src"] == "'none'"
    assert (directives["script-src"], directives["style-src"], directives["connect-src"]) == ("'self'",) * 3
    assert page.headers["cache-control"] == "no-store"
    assert "style=" not in page.text


async def test_a_persona_of_the_demonstration_is_in_the_page_only_where_it_is_named():
    client = visitor(AUTHOR)

    assert '"token": "t"' not in (await client.get("/policies")).text
    named = await client.get("/policies?persona=author")
    assert '"token": "t"' in named.text
    assert "<b>" not in named.text
    assert (await client.get("/policies?persona=nobody")).status_code == 404


async def test_the_files_have_an_address_made_of_their_content_and_are_kept_by_nobody():
    client = visitor()
    page = await client.get("/policies")

    for address in re.findall(r'(?:href|src)="(/policies/[0-9a-f]{16}/[^"]+)"', page.text):
        answer = await client.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
