"""Both engines give every question the same answer: the embedded one may stand in for OPA."""

import random

import pytest

from connectors.golden import PLAIN, PLAIN_ACTION
from connectors.policy_questions import as_class
from gateway.disclosure.question import AccessAttributes, CallerAttributes, GrantAttributes, Item, Question
from gateway.errors import DecisionUnavailable
from gateway.vocabulary import RecordType

SEED = 20261122
QUESTIONS = 40
ITEMS = 9
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
            drawn[name] = _granted(rules, kind, pick) if name == "granted" else pick.choice(values[name])
    if kind is RecordType.CANDIDATE:
        known = [field for group in rules.data["fields"]["Child"].values() for field in group]
        drawn["criteria"] = pick.sample(known, pick.randint(0, 3))
    if pick.random() < 0.06:
        drawn.pop(pick.choice(names))
    if pick.random() < 0.06:
        drawn[pick.choice([*names, "surprise"])] = pick.choice(["unheard-of", "", True])
    return as_class(drawn)


def _granted(rules, kind, pick):
    known = [field for group in rules.data["fields"][kind.value].values() for field in group]
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
        kind = pick.choice(list(RecordType))
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


async def _outcome(decider, question):
    try:
        return await decider.decide(question)
    except DecisionUnavailable as error:
        return error.reason


@pytest.mark.parametrize("seed", range(SEED, SEED + 4))
async def test_both_engines_give_random_questions_the_same_answers(seed, rules, embedded, opa):
    pick = random.Random(seed)  # noqa: S311 - drawn questions must repeat, not surprise
    questions = [_question(rules, pick) for _ in range(QUESTIONS // 4)]

    differences = [
        (question.as_input(), first, second)
        for question in questions
        if (first := await _outcome(embedded, question)) != (second := await _outcome(opa, question))
    ]

    assert differences == []


async def test_the_random_questions_reach_every_effect_and_most_reasons(rules, embedded):
    pick = random.Random(SEED)  # noqa: S311 - as above
    met, effects = set(), set()

    for _ in range(12 * QUESTIONS):
        answer = await embedded.decide(_question(rules, pick))
        for decision in answer.items.values():
            met |= set(decision.reasons)
            for field in decision.fields.values():
                met |= set(field.reasons)
                effects.add(field.effect.value)

    known = {reason["code"] for reason in rules.data["reasons"]}
    assert effects == {"disclose", "mask", "withhold", "conceal"}
    assert len(met & known) > 0.7 * len(known)
