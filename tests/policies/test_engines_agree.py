"""Both engines give every question the same answer: the embedded one may stand in for OPA.

Questions are drawn, and so are rules: the packaged ones, and those broken in one place. A seed repeats what it drew.
"""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connectors.embedded_engine import Evaluation, RulesDoNotBuild, build
from connectors.golden import PLAIN, PLAIN_ACTION
from connectors.opa_command import answers_of_opa, find_opa
from connectors.policy_questions import as_class
from connectors.portable_rego import unportable
from connectors.rego_cpp import RegoError
from connectors.rule_set import RuleSet
from gateway.disclosure.question import AccessAttributes, CallerAttributes, GrantAttributes, Item, Question
from gateway.vocabulary import RecordType
from tests.policies.mutation import POLICIES, bench, mutants
from tests.support.tools import do_without

SEED = 20261122
ROUNDS = 8
QUESTIONS = 60
"""Questions of a round; with nine items of up to six fields each, the rounds make more than 20,000 decisions."""
DECISIONS = 20_000
ITEMS = 9
DRAWS = 8
"""Draws of mutated rule sets, each of 25."""
MUTANTS = 25
ASKED_OF_A_MUTANT = 2
CALLER_STANDINGS = ["current"] * 12 + ["unregistered", "training-lapsed", "suspended", "unheard-of"]


def _attributes(rules, kind, pick):
    names = rules.data["attributes"]["of"][kind.value]
    values = rules.data["attributes"]["values"]
    plain = PLAIN_ACTION if kind is RecordType.ACTION else PLAIN
    drawn = {
        name: plain[name] if name in plain and pick.random() < 0.75 else pick.choice(values[name]) for name in names
    }
    for name in rules.data["attributes"]["optional"].get(kind.value, ()):
        if pick.random() < 0.4:
            listed = name in rules.data["attributes"]["lists"]
            drawn[name] = _names(rules, name, kind, pick) if listed else pick.choice(values[name])
    if kind is RecordType.CANDIDATE:
        known = [field for group in rules.data["fields"]["Child"].values() for field in group]
        drawn["criteria"] = pick.sample(known, pick.randint(0, 3))
    if pick.random() < 0.06:
        drawn.pop(pick.choice(names))
    if pick.random() < 0.06:
        drawn[pick.choice([*names, "surprise"])] = pick.choice(["unheard-of", "", True])
    return as_class(drawn)


def _names(rules, name, kind, pick):
    """Fields that a grant names, or the changes made in the ask of an entry."""
    named = kind if name == "granted" else RecordType.ACTION
    known = [field for group in rules.data["fields"][named.value].values() for field in group]
    return pick.sample(known, pick.randint(0, 4))


def _grant(rules, pick):
    if pick.random() < 0.6:
        return None
    kind = pick.choice(["break-glass", "public-interest"])
    return GrantAttributes(
        kind=kind if pick.random() < 0.9 else "unheard-of",
        ground=pick.choice([*rules.data["grants"][kind]["grounds"], "unheard-of"]),
        state=pick.choice(["usable"] * 5 + ["spent", "unheard-of"]),
        justification=pick.choice(["recorded"] * 5 + ["missing"]),
    )


def _question(rules, pick):
    roles = [*rules.data["roles"], "unheard-of"]
    role = pick.choice(roles)
    acts_for = (pick.choice(roles), pick.choice(CALLER_STANDINGS)) if pick.random() < 0.25 else None
    own = [*rules.purposes_of(role)] or [None]
    purpose = pick.choice(own) if pick.random() < 0.85 else pick.choice([*rules.data["purposes"], None, "unheard-of"])
    items = {}
    for number in range(ITEMS):
        kind = RecordType(pick.choice(list(rules.data["attributes"]["of"])))
        fields = [field for group in rules.data["fields"][kind.value].values() for field in group]
        if kind is not RecordType.CANDIDATE:
            fields.append("unheardOf")
        items[f"k{number}"] = Item(
            type=kind,
            fields=tuple(pick.sample(fields, min(6, len(fields)))),
            record_class=_attributes(rules, kind, pick),
        )
    return Question(
        caller=CallerAttributes(
            role=role,
            agency="a",
            authority="E08000009",
            standing=pick.choice(CALLER_STANDINGS),
            acts_for=acts_for,
        ),
        access=AccessAttributes(
            purpose=purpose,
            origin=pick.choice(["local"] * 5 + ["cross-border", "cross-border", "unheard-of"]),
            grant=_grant(rules, pick),
            now="2026-11-22T10:00:00+00:00",
        ),
        items=items,
    )


def _asked(rules, pick):
    """A question as it reaches the engines; of some a part is missing, which must refuse in both alike."""
    document = _question(rules, pick).as_input()
    if pick.random() < 0.1:
        part = document[pick.choice(["caller", "access"])]
        del part[pick.choice(list(part))]
    return document


def _decisions(documents):
    return sum(len(item["fields"]) for document in documents for item in document["items"].values())


def _answers(rules, questions):
    """The embedded engine's answers; None where it has none, which the gateway takes for silence."""
    with TemporaryDirectory() as folder:
        build(rules, built := Path(folder) / "built")
        evaluation = Evaluation(built)
    return [_answer(evaluation, question) for question in questions]


def _answer(evaluation, question):
    try:
        document = evaluation.answer(question)
    except (RegoError, ValueError, TypeError, IndexError):
        return None
    return _decided(document)


def _decided(document):
    """What decisions come to: the items, for the revision is the rules' own."""
    return _sorted(document["items"]) if isinstance(document, dict) and "items" in document else None


def _sorted(value):
    """The same document with the order of reasons and obligations, which means nothing, taken out."""
    if isinstance(value, dict):
        return {name: _sorted(part) for name, part in value.items()}
    return sorted(value) if isinstance(value, list) else value


def _differences(seed, questions, embedded, opa):
    """Each difference in words that repeat it: the seed, the question and both answers."""
    return [
        json.dumps({"seed": seed, "question": question, "embedded": first, "opa": second})
        for question, first, second in zip(questions, embedded, opa, strict=True)
        if first != second
    ]


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
async def test_both_engines_give_random_questions_the_same_answers(seed, rules, opa):
    pick = random.Random(seed)  # noqa: S311 - drawn questions must repeat, not surprise
    questions = [_asked(rules, pick) for _ in range(QUESTIONS)]

    half = QUESTIONS // 2
    with ThreadPoolExecutor(2) as threads:  # one interpreter a thread
        parts = list(threads.map(lambda part: _answers(rules, part), (questions[:half], questions[half:])))
    documents = await answers_of_opa(find_opa(), rules, questions)

    assert _differences(seed, questions, parts[0] + parts[1], [_decided(document) for document in documents]) == []
    assert _decisions(documents) * ROUNDS >= DECISIONS


@pytest.fixture(scope="module")
def changed_opa(opa_if_installed):
    """One OPA whose rules are broken and mended again and again."""
    if opa_if_installed is None:
        do_without("opa")
    with bench() as killer:
        yield killer


@pytest.mark.parametrize("seed", range(SEED, SEED + DRAWS))
def test_both_engines_decide_alike_by_rules_that_are_broken(seed, rules, changed_opa):
    tried = _broken(seed, rules, changed_opa)

    differing = []
    with ThreadPoolExecutor(2) as threads:
        for (mutant, questions, opa), embedded in zip(tried, threads.map(_tried, tried), strict=True):
            differing += [(mutant.name, *_differences(seed, questions, embedded, opa))] if embedded != opa else []

    assert len(tried) == MUTANTS
    assert differing == []


def _broken(seed, rules, changed_opa):
    """Drawn mutants that OPA takes and the portable subset allows, each with questions and OPA's answers."""
    every = mutants()
    # A draw of its own for each seed, so that together they are eight times as many different ones.
    drawn = random.Random(SEED).sample(every, len(every))[seed - SEED :: DRAWS]  # noqa: S311 - must repeat
    pick = random.Random(seed)  # noqa: S311 - as above
    tried = []
    while len(tried) < MUTANTS:
        mutant = drawn.pop()
        questions = [_asked(rules, pick) for _ in range(ASKED_OF_A_MUTANT)]
        documents = changed_opa.answers(mutant, questions)
        if documents is not None and not unportable(mutant.file, mutant.content):
            tried.append((mutant, questions, [_decided(document) for document in documents]))
    return tried


def _tried(drawn):
    mutant, questions, _ = drawn
    try:
        return _answers(_rules_of(mutant), questions)
    except RulesDoNotBuild as error:
        return [str(error)] * len(questions)


def _rules_of(mutant):
    packaged = RuleSet.read(POLICIES)
    if mutant.file in packaged.modules:
        return RuleSet.of({**packaged.modules, mutant.file: mutant.content}, packaged.data)
    return RuleSet.of(packaged.modules, json.loads(mutant.content))


async def test_the_random_questions_reach_every_effect_and_most_reasons(rules, opa):
    pick = random.Random(SEED)  # noqa: S311 - as above
    met, effects = set(), set()

    questions = [_question(rules, pick).as_input() for _ in range(2 * ROUNDS * QUESTIONS)]
    for document in await answers_of_opa(find_opa(), rules, questions):
        for decision in document["items"].values():
            met |= set(decision["reasons"])
            for field in decision["fields"].values():
                met |= set(field["reasons"])
                effects.add(field["effect"])

    known = {reason["code"] for reason in rules.data["reasons"]}
    assert effects == {"disclose", "mask", "withhold", "conceal"}
    assert len(met & known) > 0.7 * len(known)
