"""What the gateway may count on from either policy engine, and what an engine that fails may not do."""

import asyncio
import json
import re
import shutil
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.embedded_engine import EmbeddedDecider, RulesDoNotBuild
from connectors.following_opa import FollowingOpa
from connectors.golden import EnginesDiffer, Replay, golden_questions, replay_golden
from connectors.opa import OpaDecider
from connectors.policy_questions import read_cases
from connectors.rule_set import RuleSet, RuleSetUnreadable
from connectors.rule_signature import RulesNotTrusted
from gateway.errors import DecisionUnavailable
from gateway.vocabulary import Effect
from tests.support.opa_server import opa_server

POLICIES = Path(__file__).resolve().parents[2] / "policies"
QUESTION = next(
    case for case in read_cases(POLICIES) if case.name == "a-health-practitioner-sees-the-nhs-number-and-not-the-upn"
).question
RULES = RuleSet.read(POLICIES)
LATE = 5
"""Seconds after which a server that is late says something."""


@pytest.fixture(scope="module")
def opa_url(tmp_path_factory):
    with opa_server(RULES, tmp_path_factory.mktemp("opa")) as url:
        yield url


@pytest.fixture(params=["embedded", "opa"])
async def decider(request):
    if request.param == "embedded":
        made = EmbeddedDecider(POLICIES, timeout=20)
    else:
        made = OpaDecider(request.getfixturevalue("opa_url"), timeout=20)
    yield made
    await made.close()


@pytest.fixture
def copied(tmp_path):
    return Path(shutil.copytree(POLICIES, tmp_path / "policies"))


@asynccontextmanager
async def server_that_says(*parts, wait=0.0, heads=None):
    """Serve the given bytes to whoever connects, after a wait; yields the URL. The heads of requests go into a list."""
    heads = [] if heads is None else heads

    async def speak(reader, writer):
        # Read to its end: whoever closes with something unread sends a reset, which may overtake the answer.
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))
        await asyncio.sleep(wait)
        writer.writelines(parts)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def spoken(status, body, kind=b"application/json"):
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
    return head + body


async def refusal(decider):
    try:
        with pytest.raises(DecisionUnavailable) as refused:
            await decider.decide(QUESTION)
    finally:
        await decider.close()
    return refused.value.reason


async def test_an_answer_carries_the_revision_of_the_rules(decider):
    answer = await decider.decide(QUESTION)

    assert answer.revision == RULES.revision
    assert decider.revision == RULES.revision


async def test_an_answer_decides_every_field_asked(decider):
    decision = (await decider.decide(QUESTION)).items["case"]

    assert decision.exists is Effect.DISCLOSE
    assert {name: field.effect for name, field in decision.fields.items()} == {
        "nhsNumber": Effect.DISCLOSE,
        "upn": Effect.WITHHOLD,
    }


async def test_questions_asked_at_once_get_their_own_answers(decider):
    questions = golden_questions(RULES)[:6]
    apart = [await decider.decide(question) for question in questions]

    together = await asyncio.gather(*(decider.decide(question) for question in questions))

    assert together == apart


async def test_the_golden_answers_are_repeated(decider):
    assert await replay_golden(decider, POLICIES, revision=RULES.revision) is Replay.AGREED


async def test_a_changed_golden_answer_stops_the_engine(copied):
    answers = copied / "golden" / "answers.json"
    answers.write_text(answers.read_text().replace('"tell": "SHIELDED"', '"tell": "NOT_SHIELDED"', 1))
    decider = EmbeddedDecider(copied, timeout=20)

    with pytest.raises(EnginesDiffer, match="expected"):
        await replay_golden(decider, copied, revision=decider.revision)

    await decider.close()


async def test_golden_answers_of_other_rules_prove_nothing(copied):
    rules = copied / "directory" / "conflict.rego"
    rules.write_text(rules.read_text() + "\n# A remark changes the revision.\n")
    decider = EmbeddedDecider(copied, timeout=20)

    assert decider.revision != RULES.revision
    assert await replay_golden(decider, copied, revision=decider.revision) is Replay.OUT_OF_DATE

    await decider.close()


async def test_without_golden_answers_no_engine_is_proven(copied):
    shutil.rmtree(copied / "golden")
    decider = EmbeddedDecider(copied, timeout=20)

    with pytest.raises(EnginesDiffer):
        await replay_golden(decider, copied, revision=decider.revision)

    await decider.close()


def test_the_revision_changes_with_a_fact_and_not_with_a_test(copied):
    before = RuleSet.read(copied).revision
    (copied / "directory" / "new_test.rego").write_text("package new_test\n")
    with_test = RuleSet.read(copied).revision
    book = copied / "data.json"
    book.write_text(book.read_text().replace('"introspection": true', '"introspection": false', 1))

    assert with_test == before
    assert RuleSet.read(copied).revision != before


def test_rules_that_do_not_parse_stop_the_start_and_name_the_line(copied):
    (copied / "directory" / "broken.rego").write_text("package directory.broken\n\nallow if {\n\t:=\n}\n")

    with pytest.raises(RulesDoNotBuild, match=r"directory/broken\.rego:\d"):
        EmbeddedDecider(copied, timeout=20)


def test_rules_that_the_embedded_engine_reads_otherwise_than_opa_stop_the_start(copied):
    open_handed = "package directory.odd\n\nplain if {\n\tevery x in input.xs {\n\t\tnot input.hidden[x]\n\t}\n}\n"
    (copied / "directory" / "odd.rego").write_text(open_handed)

    with pytest.raises(RulesDoNotBuild, match=r"directory/odd\.rego:5: negates inside `every`"):
        EmbeddedDecider(copied, timeout=20)


def test_a_folder_without_rules_stops_the_start(tmp_path):
    with pytest.raises(RuleSetUnreadable, match="holds no rules"):
        EmbeddedDecider(tmp_path, timeout=20)


DAYS_THAT_DELETE = [
    {"answered": 0, "waiting": 182},
    {"answered": 28, "waiting": -1},
    {"answered": 28.5, "waiting": 182},
    {"answered": "28", "waiting": 182},
    {"answered": 28, "waiting": True},
    {"answered": 28},
    [28, 182],
    None,
]


def with_kept_days(days):
    return RULES.data | {"brokering": RULES.data["brokering"] | {"kept_days": days}}


@pytest.mark.parametrize("days", DAYS_THAT_DELETE, ids=str)
def test_days_after_which_requests_are_deleted_stop_the_start_unless_they_are_whole_and_at_least_one(copied, days):
    (copied / "data.json").write_text(json.dumps(with_kept_days(days)))

    with pytest.raises(
        RuleSetUnreadable, match=r"data\.json: brokering\.kept_days\.(answered|waiting) has to be a whole"
    ):
        EmbeddedDecider(copied, timeout=20)


def test_requests_may_be_kept_a_day(copied):
    (copied / "data.json").write_text(json.dumps(with_kept_days({"answered": 1, "waiting": 1})))

    limits = RuleSet.read(copied).contact_limits()

    assert (limits.answered, limits.waiting) == (timedelta(days=1), timedelta(days=1))


async def test_an_opa_with_days_that_would_delete_at_once_is_not_followed(tmp_path):
    async def trusted(_rules, _stated):
        pass

    hasty = RuleSet.of(RULES.modules, with_kept_days({"answered": 0, "waiting": 182}))
    with opa_server(hasty, tmp_path) as url:
        following = FollowingOpa(url, folder=POLICIES, timeout=20, trust=trusted)
        try:
            with pytest.raises(RulesNotTrusted, match=r"brokering\.kept_days\.answered has to be a whole number"):
                await following.start()
        finally:
            await following.close()


@pytest.mark.parametrize("changed", [{}, {"field-not-for-role": {"effect": "disclose"}}], ids=["none", "others"])
async def test_an_opa_that_weighs_reasons_otherwise_than_its_book_is_not_followed(tmp_path, monkeypatch, changed):
    async def trusted(_rules, _stated):
        pass

    monkeypatch.setattr("connectors.rule_set.weighed", lambda _book: changed)
    with opa_server(RULES, tmp_path) as url:
        following = FollowingOpa(url, folder=POLICIES, timeout=20, trust=trusted)
        try:
            with pytest.raises(RulesNotTrusted, match=f"OPA calls its rules {RULES.revision}, and they are"):
                await following.start()
        finally:
            await following.close()


def test_the_purposes_of_a_role_are_the_books():
    assert RULES.purposes_of("police-child-protection") == ("safeguarding-enquiry",)
    assert RULES.purposes_of("unheard-of") == ()


async def test_the_embedded_engine_leaves_the_event_loop_running():
    decider = EmbeddedDecider(POLICIES, timeout=20)

    async def turns_meanwhile(question):
        asked = asyncio.create_task(decider.decide(question))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    # A busy machine may let the engine go on alone, but not twenty times.
    turns = [0]
    while max(turns) <= 20 and len(turns) <= 20:
        turns.append(await turns_meanwhile(golden_questions(RULES)[0]))
    await decider.close()

    assert max(turns) > 20


async def test_an_embedded_engine_that_is_late_tells_nothing():
    decider = EmbeddedDecider(POLICIES, timeout=0.0001)

    assert await refusal(decider) == "engine-late"


async def test_an_undefined_answer_of_the_embedded_engine_tells_nothing(copied):
    for path in (copied / "directory").glob("*.rego"):
        path.unlink()
    (copied / "directory" / "decide.rego").write_text("package directory\n\nanswer := 1 if 1 == 2\n")

    assert (await refusal(EmbeddedDecider(copied, timeout=20))).startswith("policy-incomplete")


async def test_an_opa_that_is_not_there_tells_nothing():
    assert await refusal(OpaDecider("http://127.0.0.1:9", timeout=1)) == "engine-failed"


async def test_an_opa_that_is_late_tells_nothing_and_says_so_in_time():
    async with server_that_says(spoken(b"200 OK", b"{}"), wait=LATE) as url:
        began = time.monotonic()

        reason = await refusal(OpaDecider(url, timeout=0.2))

        assert reason == "engine-late"
        assert time.monotonic() - began < LATE


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (spoken(b"500 Internal Server Error", b'{"code": "internal_error"}'), "engine-failed"),
        (spoken(b"404 Not Found", b"{}"), "engine-failed"),
        (spoken(b"200 OK", b"{}"), "rule-undefined"),
        (spoken(b"200 OK", b"[]"), "rule-undefined"),
        (spoken(b"200 OK", b"<html>"), "engine-failed"),
        (spoken(b"200 OK", b"<html>", b"text/html"), "engine-failed"),
        (
            spoken(b"200 OK", b'{"result": {"v": 2, "revision": "r", "items": {}}}'),
            "policy-incomplete:answer-malformed",
        ),
        (spoken(b"200 OK", b'{"result": {"v": 1, "items": {}}}'), "policy-incomplete:answer-malformed"),
        (spoken(b"200 OK", b'{"result": {"v": 1, "revision": "", "items": {}}}'), "policy-incomplete:revision-missing"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", "engine-failed"),
        (b"nonsense", "engine-failed"),
        (b"", "engine-failed"),
    ],
)
async def test_an_opa_that_answers_garbage_tells_nothing(said, reason):
    async with server_that_says(said) as url:
        assert await refusal(OpaDecider(url, timeout=20)) == reason


async def test_opa_is_not_asked_to_compress_its_answers():
    heads = []

    async with server_that_says(spoken(b"200 OK", b"{}"), heads=heads) as url:
        await refusal(OpaDecider(url, timeout=20))

    (head,) = heads
    assert b"\r\naccept-encoding: identity\r\n" in head.lower()


async def test_an_opa_that_comes_back_is_asked_again(tmp_path):
    with opa_server(RULES, tmp_path) as url:
        decider = OpaDecider(url, timeout=20)
        await decider.decide(QUESTION)
        port = int(url.rsplit(":", 1)[1])
    with pytest.raises(DecisionUnavailable):
        await decider.decide(QUESTION)
    with opa_server(RULES, tmp_path, port=port):
        answer = await decider.decide(QUESTION)
        await decider.close()

    assert answer.revision == RULES.revision
