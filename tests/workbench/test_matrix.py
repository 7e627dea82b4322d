"""The matrix says, for every role, field and class, what the rules decide."""

import json
import re

import pytest

from gateway.disclosure.question import Item, Question
from gateway.errors import RulesChanged
from gateway.vocabulary import Effect, RecordType
from gateway.workbench.axes import NAMED_CLASSES, Approach, UnknownName, axes_of, class_with
from gateway.workbench.matrix import Place, matrix
from gateway.workbench.page import page
from gateway.workbench.tables import Columns, as_csv, tables

GP = Approach(role="gp", purpose="direct-support")


def place(field, class_name, *, type_=RecordType.CHILD, approach=GP):
    return Place(approach=approach, type=type_, field=field, class_name=class_name)


async def test_a_cell_holds_what_the_engine_decides_of_that_class_alone(decider, book):
    shown = await matrix(decider, axes_of(book, roles=["gp"], types=["Child"], classes=["shielded", "plain"]))

    item = Item(
        type=RecordType.CHILD,
        fields=("address",),
        record_class=class_with(RecordType.CHILD, {"shield": "active"}, book),
    )
    answer = await decider.decide(Question(caller=GP.caller(), access=GP.access(), items={"k": item}))
    assert shown.cells[place("address", "shielded")] == answer.items["k"].fields["address"]
    assert shown.cells[place("address", "shielded")].effect is Effect.WITHHOLD
    assert shown.cells[place("address", "plain")].effect is Effect.DISCLOSE


async def test_more_classes_than_fit_in_one_question_are_all_decided(decider, book):
    axes = axes_of(book, roles=["gp"], types=["Child", "Involvement"])

    shown = await matrix(decider, axes)

    assert len(axes.rows) > 20
    assert set(shown.cells) == {
        place(field, row.named.name, type_=row.type) for row in axes.rows for field in row.fields
    }


def test_every_named_class_can_be_of_some_record(book):
    empty = [named.name for named in NAMED_CLASSES if not any(named.of(kind, book) for kind in book.types)]

    assert empty == []


async def test_no_named_class_is_incomplete(decider, book):
    shown = await matrix(decider, axes_of(book, roles=["directory-team"]))

    incomplete = {at.type for at, cell in shown.cells.items() if "class-incomplete" in cell.reasons}
    assert incomplete == set()


def test_a_name_that_the_rules_do_not_know_is_refused_with_near_ones(book):
    with pytest.raises(UnknownName, match=r"no role is called social-worke: perhaps social-worker"):
        axes_of(book, roles=["social-worke"])


def test_a_class_that_no_such_record_can_be_of_is_refused(book):
    with pytest.raises(UnknownName, match="Setting"):
        axes_of(book, types=["Setting"], classes=["shielded"])


def test_a_purpose_alone_is_asked_by_the_roles_that_may_state_it(book):
    axes = axes_of(book, purposes=["review"], types=["Child"])

    assert {approach.role for approach in axes.approaches} == {
        role for role in book.roles if "review" in book.purposes_of(role)
    }


async def test_rules_that_change_meanwhile_give_no_matrix(book, decider):
    class Changing:
        name, revision, asked = "changing", "1", 0

        async def decide(self, question):
            self.asked += 1
            revision = str(self.asked)
            answer = await decider.decide(question)
            return type(answer)(revision=revision, items=answer.items)

    with pytest.raises(RulesChanged):
        await matrix(Changing(), axes_of(book, roles=["gp", "supervisor"], types=["Child"], classes=["plain"]))


async def test_columns_and_rows_that_are_alike_stand_together(decider, book):
    shown = await matrix(decider, axes_of(book, roles=["gp"], types=["Child"]))

    (table,) = tables(shown, book, Columns.CLASS)

    assert ("provisional", "shielded", "shielded-involved") in table.columns
    assert any({"givenName", "familyName"} <= set(names) for names, _ in table.rows)
    assert sorted(name for names in table.columns for name in names) == sorted(
        named.name for named in shown.axes.classes
    )


async def test_the_page_says_everything_without_script_colour_or_other_files(decider, book):
    shown = await matrix(decider, axes_of(book, roles=["gp"], types=["Child"], fields=["address", "givenName"]))

    html = page(tables(shown, book, Columns.CLASS), revision=shown.revision, engine=shown.engine)

    assert not re.search(r"<script|<link|<img|src=|https?://|url\(", html)
    cells = re.findall(r'<td class="(\w+)">([^<]+)', html)
    assert {(kind, text) for kind, text in cells} == {
        ("disclose", "told"),
        ("withhold", "withheld"),
        ("conceal", "concealed"),
    }
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html
    assert '<html lang="en-GB">' in html
    assert html.count('scope="col"') >= 3
    assert all(f"<b>{named.name}</b>" in html for named in shown.axes.classes)


async def test_csv_has_a_line_for_each_cell(decider, book):
    shown = await matrix(decider, axes_of(book, roles=["gp"], types=["Child"], classes=["shielded"]))

    lines = as_csv(shown).splitlines()

    assert len(lines) == 1 + len(shown.cells)
    assert "gp,direct-support,Child,address,shielded,withhold,shield-active,SHIELDED,REQUEST_BROKER," in lines


async def test_the_json_form_is_json(decider, book):
    shown = await matrix(decider, axes_of(book, roles=["gp"], types=["Child"], classes=["shielded"]))

    document = json.loads(json.dumps(shown.as_document()))

    assert document["revision"] == decider.revision
    assert {cell["class"] for cell in document["cells"]} == {"shielded"}
