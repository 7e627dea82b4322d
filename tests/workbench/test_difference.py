"""What a change of the rules changes: what tells more first, what only changes reasons last."""

from itertools import pairwise

import pytest

from gateway.disclosure.question import FieldDecision
from gateway.vocabulary import Effect, Obligation, RecordType
from gateway.workbench.axes import Approach, axes_of, axes_of_both
from gateway.workbench.book import Book
from gateway.workbench.difference import ABSENT, Kind, blocks, compare, counted, difference_of, grouped, kind_of
from gateway.workbench.matrix import Place, matrix

TOLD = FieldDecision(effect=Effect.DISCLOSE, reasons=("role-permits",))
DISTRICT = FieldDecision(effect=Effect.MASK, reasons=("a",), obligations=(Obligation.ADDRESS_DISTRICT,))
YEAR = FieldDecision(effect=Effect.MASK, reasons=("a",), obligations=(Obligation.BIRTH_YEAR,))
BOTH = FieldDecision(
    effect=Effect.MASK, reasons=("a",), obligations=(Obligation.ADDRESS_DISTRICT, Obligation.BIRTH_YEAR)
)
WITHHELD = FieldDecision(effect=Effect.WITHHOLD, reasons=("a",), tell="NOT_FOR_ROLE")
SHIELDED = FieldDecision(effect=Effect.WITHHOLD, reasons=("b",), tell="SHIELDED", remedy="REQUEST_BROKER")
CONCEALED = FieldDecision(effect=Effect.CONCEAL, reasons=("a",))
OPENING = [CONCEALED, WITHHELD, DISTRICT, TOLD]


@pytest.mark.parametrize(("closed", "opened"), list(pairwise(OPENING)))
def test_each_step_of_opening_tells_more_and_back_tells_less(closed, opened):
    assert kind_of(closed, opened) is Kind.TELLS_MORE
    assert kind_of(opened, closed) is Kind.TELLS_LESS


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (BOTH, DISTRICT, Kind.TELLS_MORE),
        (DISTRICT, BOTH, Kind.TELLS_LESS),
        (DISTRICT, YEAR, Kind.TELLS_MORE),
        (WITHHELD, SHIELDED, Kind.SAYS_OTHERWISE),
        (CONCEALED, ABSENT, Kind.REASONS_ONLY),
        (TOLD, TOLD, None),
    ],
)
def test_a_change_is_named_for_what_it_does_to_whoever_the_record_is_about(old, new, kind):
    assert kind_of(old, new) is kind


def at(field, class_name="plain", role="gp"):
    return Place(
        approach=Approach(role=role, purpose="direct-support"),
        type=RecordType.CHILD,
        field=field,
        class_name=class_name,
    )


def test_what_tells_more_comes_first_and_reasons_last():
    found = difference_of(
        [
            (at("upn"), CONCEALED, ABSENT, 1),
            (at("address"), TOLD, WITHHELD, 2),
            (at("gender"), WITHHELD, TOLD, 3),
            (at("carers"), TOLD, TOLD, 4),
        ],
        old_revision="1",
        new_revision="2",
    )

    assert [change.kind for change in found.changes] == [Kind.TELLS_MORE, Kind.TELLS_LESS, Kind.REASONS_ONLY]
    assert found.counts == {
        Kind.TELLS_MORE: 3,
        Kind.TELLS_LESS: 2,
        Kind.SAYS_OTHERWISE: 0,
        Kind.REASONS_ONLY: 1,
    }
    assert found.compared == 10


def test_changes_alike_become_one_block_and_others_stay_apart():
    found = difference_of(
        [
            (at(field, named, role), WITHHELD, TOLD, 1)
            for role in ("gp", "carer")
            for named in ("plain", "adult")
            for field in ("address", "gender")
        ]
        + [(at("upn", "plain"), WITHHELD, TOLD, 1)],
        old_revision="1",
        new_revision="2",
    )

    said = {(block.fields, block.classes, len(block.approaches), block.times) for block in blocks(found.changes)}

    assert said == {(("address", "gender"), ("plain", "adult"), 2, 8), (("upn",), ("plain",), 1, 1)}
    assert sum(group.times for group in grouped(found.changes)) == 9
    assert counted(found.changes, "role") == {"gp": 5, "carer": 4}
    assert counted(found.changes, "field")["Child.upn"] == 1
    assert counted(found.changes, "reason") == {"a": 9, "role-permits": 9}


async def test_a_group_of_fields_given_to_a_role_is_found_where_it_tells_more_and_nowhere_else(decider, book, changed):
    given = '"Carer": ["name", "relationship", "origin"],', '"Carer": ["name", "relationship", "contact", "origin"],'
    choice = {"roles": ["voluntary-practitioner", "gp"], "types": ["Carer"], "classes": ["plain", "archived"]}

    async with changed("data.json", *given) as new:
        before, after = axes_of_both(book, Book(new.rules.data), choice)
        found = compare(await matrix(decider, before), await matrix(new, after))

    assert {(change.place.approach.role, change.place.class_name) for change in found.changes} == {
        ("voluntary-practitioner", "plain")
    }
    assert {change.place.field for change in found.of(Kind.TELLS_MORE)} == {"address", "telephone", "email"}
    assert (found.old_revision, found.new_revision) == (decider.revision, new.revision)


async def test_a_role_that_only_the_new_rules_know_is_told_more(decider, book, changed):
    async with changed("data.json", '    "gp": {', '    "practice-nurse": {') as new:
        before, after = axes_of_both(
            book, Book(new.rules.data), {"roles": ["practice-nurse"], "types": ["Child"], "classes": ["plain"]}
        )
        found = compare(await matrix(decider, before), await matrix(new, after))

    assert before.approaches == ()
    assert found.counts[Kind.TELLS_MORE] > 10
    assert {change.old for change in found.changes} == {ABSENT}


async def test_equal_rules_differ_in_nothing(decider, book):
    shown = await matrix(decider, axes_of(book, roles=["gp"], types=["Child"]))

    assert compare(shown, shown).changes == ()
