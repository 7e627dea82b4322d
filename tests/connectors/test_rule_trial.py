"""A trial of rules is a process apart: it sees nothing of the gateway, and leaves nothing behind."""

from pathlib import Path

import psutil
import pytest

from connectors.rule_set import RuleSet
from connectors.rule_trial import RuleTrials
from gateway.pages.trials import Proposal, RulesRejected
from tests.support.processes import runs

POLICIES = Path(__file__).resolve().parents[2] / "policies"
RULES = RuleSet.read(POLICIES)


def trials(**changed):
    return RuleTrials(rules=lambda: RULES, folder=POLICIES, **changed)


def processes():
    return [child for child in psutil.Process().children() if runs(child, "connectors.rule_trial_worker")]


def holds_rules(folder):
    return (folder / "data.json").exists()


async def test_a_trial_sees_nothing_of_the_gateways_environment(monkeypatch):
    monkeypatch.setenv("GATEWAY_SECRET_OF_THE_TEST", "kept")

    async with trials()(None):
        (process,) = processes()
        assert set(process.environ()) <= {"PYTHONPATH", "LC_CTYPE"}


async def test_a_trial_ends_with_its_block_and_takes_its_folder_along():
    async with trials()(None):
        (process,) = processes()
        folder = Path(process.cwd())
        assert holds_rules(folder)

    assert not process.is_running()
    assert not holds_rules(folder)


async def test_the_rules_in_force_keep_their_revision_on_trial():
    async with trials()(None) as trial:
        assert trial.revision == RULES.revision


async def test_rules_that_take_too_long_to_read_are_given_up():
    # The portable subset reads a line of openings again and again.
    slow = Proposal(files=(("slow.rego", "package slow\n\nx := " + '\\"' * 100_000),))

    with pytest.raises(RulesRejected) as rejected:
        async with trials(build_timeout=2.0)(slow):
            pass

    assert rejected.value.problems[0].message == "The rules were not built within 2 s."
    assert processes() == []
