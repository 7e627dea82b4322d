"""Rules that change while the gateway serves: taken up whole, or not at all."""

import asyncio
import json
import shutil
import tempfile
from datetime import timedelta

import pytest

from connectors.following_engine import FollowingDecider, Reload
from connectors.golden import EnginesDiffer, golden_questions
from connectors.postgres.rule_releases import RuleReleases
from connectors.rego_cpp import Interpreter
from connectors.rule_set import RuleSet
from connectors.rule_signature import RulesNotTrusted, new_key, sign, verify
from gateway.settings import PACKAGED_POLICIES
from tests.support.builders import NOW


async def trusted(_rules):
    pass


@pytest.fixture
def folder(tmp_path):
    """A copy of the rules that a test may change."""
    return shutil.copytree(PACKAGED_POLICIES, tmp_path / "policies")


@pytest.fixture
async def decider(folder):
    decider = FollowingDecider(folder, timeout=60.0, trust=trusted, golden_required=False)
    await decider.start(interval=0)
    yield decider
    await decider.close()


def retitle(folder, title):
    """Change the rule set without changing what it decides."""
    book = json.loads((folder / "data.json").read_text())
    book["purposes"] = book["purposes"] | {"direct-support": title}
    (folder / "data.json").write_text(json.dumps(book))


async def test_an_untouched_folder_changes_nothing(decider):
    assert await decider.reload() is Reload.UNCHANGED


async def test_changed_rules_are_taken_up_and_named_by_their_revision(decider, folder):
    before = decider.revision
    retitle(folder, "Another title")

    assert await decider.reload() is Reload.TAKEN_UP
    assert decider.revision != before
    answer = await decider.decide(golden_questions(decider.rules)[0])
    assert answer.revision == decider.revision


async def test_rules_that_do_not_build_leave_the_ones_in_force(decider, folder):
    before = decider.revision
    (folder / "directory" / "decide.rego").write_text("package directory\n\nanswer := {")

    assert await decider.reload() is Reload.REFUSED
    assert decider.revision == before
    assert (await decider.decide(golden_questions(decider.rules)[0])).revision == before


async def test_rules_that_could_not_be_built_here_are_taken_up_once_they_can(decider, folder, tmp_path, monkeypatch):
    before = decider.revision
    retitle(folder, "Another title")

    with monkeypatch.context() as without_room:
        without_room.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        assert await decider.reload() is Reload.REFUSED
    with monkeypatch.context() as full:
        full.setattr(Interpreter, "save_bundle", lambda *_: None)
        assert await decider.reload() is Reload.REFUSED
    assert decider.revision == before

    assert await decider.reload() is Reload.TAKEN_UP
    assert decider.revision != before


async def test_a_folder_that_has_gone_leaves_the_rules_in_force(decider, folder):
    before = decider.revision
    shutil.rmtree(folder)

    assert await decider.reload() is Reload.REFUSED
    assert decider.revision == before


async def test_rules_that_opa_has_not_answered_are_refused_where_that_is_required(folder):
    decider = FollowingDecider(folder, timeout=60.0, trust=trusted, golden_required=True)
    await decider.start(interval=0)
    retitle(folder, "Another title")
    try:
        assert await decider.reload() is Reload.REFUSED
    finally:
        await decider.close()


async def test_golden_answers_that_were_altered_keep_the_engine_from_serving(folder):
    golden = folder / "golden" / "answers.json"
    golden.write_text(golden.read_text().replace('"exists": "disclose"', '"exists": "conceal"', 1))
    decider = FollowingDecider(folder, timeout=60.0, trust=trusted, golden_required=True)

    with pytest.raises(EnginesDiffer):
        await decider.start(interval=0)


async def test_questions_under_way_are_answered_while_the_rules_change(decider, folder):
    question = golden_questions(decider.rules)[0]
    asked = [asyncio.create_task(decider.decide(question)) for _ in range(20)]
    retitle(folder, "Another title")

    assert await decider.reload() is Reload.TAKEN_UP

    answers = await asyncio.gather(*asked)
    assert len(answers) == 20
    assert all(answer.items == answers[0].items for answer in answers)


async def test_a_change_is_noticed_after_something_went_wrong_with_an_earlier_look(folder, monkeypatch):
    decider = FollowingDecider(folder, timeout=60.0, trust=trusted, golden_required=False)
    looked, reload = asyncio.Event(), FollowingDecider.reload

    async def failing(self):
        if not looked.is_set():
            looked.set()
            raise OSError("something went wrong")
        return await reload(self)

    monkeypatch.setattr(FollowingDecider, "reload", failing)
    await decider.start(interval=0.05)
    before = decider.revision
    await looked.wait()
    retitle(folder, "Another title")
    try:
        async with asyncio.timeout(120):
            while decider.revision == before:  # noqa: ASYNC110  # what is awaited is another task's work
                await asyncio.sleep(0.05)
    finally:
        await decider.close()


async def test_a_change_is_noticed_without_being_told(folder):
    decider = FollowingDecider(folder, timeout=60.0, trust=trusted, golden_required=False)
    await decider.start(interval=0.05)
    before = decider.revision
    retitle(folder, "Another title")
    try:
        async with asyncio.timeout(120):
            while decider.revision == before:  # noqa: ASYNC110  # what is awaited is another task's work
                await asyncio.sleep(0.05)
    finally:
        await decider.close()


PRIVATE, PUBLIC = new_key()


def test_a_signed_rule_set_is_trusted(folder):
    release = sign(folder, PRIVATE, issued=NOW)

    assert verify(folder, RuleSet.read(folder), PUBLIC) == release


def test_an_unsigned_rule_set_is_not_trusted(folder):
    with pytest.raises(RulesNotTrusted, match="not signed"):
        verify(folder, RuleSet.read(folder), PUBLIC)


def test_rules_that_changed_after_signing_are_not_trusted(folder):
    sign(folder, PRIVATE, issued=NOW)
    retitle(folder, "Another title")

    with pytest.raises(RulesNotTrusted, match="changed"):
        verify(folder, RuleSet.read(folder), PUBLIC)


def test_a_signature_of_another_key_is_not_trusted(folder):
    sign(folder, new_key()[0], issued=NOW)

    with pytest.raises(RulesNotTrusted, match="signature"):
        verify(folder, RuleSet.read(folder), PUBLIC)


@pytest.mark.parametrize("field", ["digest", "issued", "signature"])
def test_a_signature_that_was_altered_is_not_trusted(folder, field):
    sign(folder, PRIVATE, issued=NOW)
    document = json.loads((folder / "signature.json").read_text())
    altered = {"digest": "0" * 64, "issued": (NOW + timedelta(days=1)).isoformat(), "signature": "00" * 64}
    (folder / "signature.json").write_text(json.dumps(document | {field: altered[field]}))

    with pytest.raises(RulesNotTrusted):
        verify(folder, RuleSet.read(folder), PUBLIC)


async def test_an_older_release_is_refused_once_a_newer_one_was_in_force(database, folder):
    releases = RuleReleases(database)
    older = sign(folder, PRIVATE, issued=NOW)
    retitle(folder, "Another title")
    newer = sign(folder, PRIVATE, issued=NOW + timedelta(hours=1))
    await releases.take_up(newer, at=NOW)

    with pytest.raises(RulesNotTrusted, match="newer"):
        await releases.take_up(older, at=NOW)


async def test_the_release_in_force_may_be_taken_up_again(database, folder):
    releases = RuleReleases(database)
    release = sign(folder, PRIVATE, issued=NOW)

    await releases.take_up(release, at=NOW)
    await releases.take_up(release, at=NOW)
