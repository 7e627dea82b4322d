"""Adding a shield, withdrawing consent, lapsing a standing or declaring a conflict never tells more."""

from dataclasses import replace

import pytest

from connectors.golden import PLAIN, golden_questions
from connectors.policy_questions import as_class
from gateway.disclosure.question import Item
from gateway.vocabulary import Effect, RecordType

RANK = {Effect.CONCEAL: 0, Effect.WITHHOLD: 1, Effect.MASK: 2, Effect.DISCLOSE: 3}
LADDERS = {
    "shield": ["none", "associated", "active"],
    "consent": ["given", "withdrawn"],
    "conflict": [False, True],
    "standing": ["live", "archived"],
}
ROLES = {"gp", "voluntary-practitioner", "directory-team", "carer", "auditor"}
TYPES = (RecordType.CHILD, RecordType.CARER, RecordType.INVOLVEMENT, RecordType.PRACTITIONER, RecordType.CANDIDATE)


def _told(decision):
    return {name: RANK[field.effect] for name, field in decision.fields.items()}


def _item(rules, kind, **beyond):
    fields = [field for group in rules.data["fields"][kind.value].values() for field in group]
    extra = {}
    if kind is RecordType.INVOLVEMENT:
        extra = {"active": True, "subject": "child"}
    if kind is RecordType.CANDIDATE:
        extra = {"criteria": ["address", "familyName"]}
    return Item(type=kind, fields=tuple(fields), record_class=as_class({**PLAIN, **extra, **beyond}))


@pytest.mark.parametrize("attribute", LADDERS)
async def test_a_stricter_class_never_tells_more(attribute, rules, embedded):
    ladder = LADDERS[attribute]
    base = {"sensitive": True, "consent": "given"} if attribute == "consent" else {}
    more = []
    for question in golden_questions(rules):
        if question.caller.role not in ROLES:
            continue
        items = {
            f"{kind.value}/{involved}/{step}": _item(rules, kind, **{**base, "involved": involved, attribute: value})
            for kind in TYPES
            for involved in (False, True)
            for step, value in enumerate(ladder)
        }
        answer = await embedded.decide(replace(question, items=items))
        more += [
            (question.caller.role, key, field)
            for key, decision in answer.items.items()
            if not key.endswith("/0")
            for field, told in _told(decision).items()
            if told > _told(answer.items[f"{key.rsplit('/', 1)[0]}/{int(key.rsplit('/', 1)[1]) - 1}"])[field]
        ]

    assert more == []


@pytest.mark.parametrize("standing", ["unregistered", "training-lapsed", "check-lapsed", "suspended", "unheard-of"])
async def test_a_lapsed_caller_is_told_nothing(standing, rules, embedded):
    question = golden_questions(rules)[0]
    items = {kind.value: _item(rules, kind) for kind in TYPES}

    answer = await embedded.decide(replace(question, caller=replace(question.caller, standing=standing), items=items))

    assert {decision.exists for decision in answer.items.values()} == {Effect.CONCEAL}


async def test_mediated_access_never_tells_more_than_the_caller_alone(rules, embedded):
    more = []
    items = {kind.value: _item(rules, kind) for kind in TYPES}
    for role in ("gp", "social-worker", "voluntary-practitioner", "directory-team"):
        question = next(asked for asked in golden_questions(rules) if asked.caller.role == role)
        alone = await embedded.decide(replace(question, items=items))
        for other in ("directory-team", "voluntary-practitioner"):
            caller = replace(question.caller, acts_for=(other, "current"))
            mediated = await embedded.decide(replace(question, caller=caller, items=items))
            more += [
                (role, other, key, field)
                for key, decision in mediated.items.items()
                for field, told in _told(decision).items()
                if told > _told(alone.items[key])[field]
            ]

    assert more == []
