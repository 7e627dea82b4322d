"""Property 4: adding a shield, withdrawing consent, lapsing a standing or declaring a conflict never tells more."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.support.builders import NOW, TODAY
from tests.support.documents import INCOMPLETE, documents, told
from tests.support.worlds import MY_POST, Key, a_conflict_row, askers, consent_rows, shield_rows, worlds

_GROWING = {"withheld"}
"""What says that something is not told may grow."""


def _with_a_shield(draw, world, _asker):
    row = draw(st.sampled_from(world.rows("child")))
    return world.plus("shield", *shield_rows(7, row, draw(st.sampled_from(("provisional", "active")))))


def _with_consent_withdrawn(draw, world, _asker):
    sensitive = [row for row in world.rows("involvement") if row["sensitive"]]
    for row in draw(st.lists(st.sampled_from(sensitive), unique_by=lambda row: row["id"])) if sensitive else ():
        involvement = row["id"]
        world = world.without("involvement_consent", lambda one, gone=involvement: one["involvement_id"] == gone)
        consent = draw(st.sampled_from(("withdrawn", "expired", "missing")))
        world = world.plus("involvement_consent", *consent_rows(row["child_id"], involvement, consent))
    return world


def _with_a_lapse(draw, world, asker):
    lapsed = draw(
        st.sampled_from(
            (
                {"training_valid_until": TODAY - timedelta(days=1)},
                {"check_issued_on": TODAY - timedelta(days=1200)},
                {"suspended_at": NOW},
            )
        )
    )
    return world.changed("registration", lambda row: row["person"] == asker.person, **lapsed)


def _with_a_conflict(draw, world, _asker):
    declared = {(row["child_id"], row["practitioner_id"]) for row in world.rows("conflict")}
    child = draw(st.sampled_from(world.keys("child")))
    return world if (child, MY_POST) in declared else world.plus("conflict", a_conflict_row(child, MY_POST))


@dataclass(frozen=True)
class Narrowing:
    """A change that takes something away from somebody."""

    name: str
    of: object


NARROWINGS = (
    Narrowing("a shield", _with_a_shield),
    Narrowing("consent withdrawn", _with_consent_withdrawn),
    Narrowing("a standing lapsed", _with_a_lapse),
    Narrowing("a conflict declared", _with_a_conflict),
)


@pytest.mark.parametrize("narrowing", NARROWINGS, ids=lambda narrowing: narrowing.name)
@given(st.data())
@examples(25)
async def test_a_narrowing_never_tells_more(twin_places, book, new_example, tally, narrowing, data):
    base = data.draw(worlds(), label="world")
    asker, wide = data.draw(askers(base, book), label="asker")
    # The log is left out, for it grows; so are parts of lists, which may make room for others.
    drawn = documents(wide, identified=True, filtering=False, without=("accessLog",), about=(Key("child", 1),))
    asked = [data.draw(drawn, label="document") for _ in range(3)]
    narrow = data.draw(st.composite(narrowing.of)(wide, asker), label="narrowed")
    example = new_example()
    for place, world in zip(twin_places, (wide, narrow), strict=True):
        await place.settle(world, example=example)

    for document in asked:
        one, other = [await place.ask(asker, document) for place in twin_places]
        tally(one)
        answers = zip(twin_places, (one, other), strict=True)
        before, after = [await _told(place, asker, document, answer) for place, answer in answers]

        more = {what: value for what, value in after.items() if not _was_told(before, what, value)}
        note(f"asked: {document.text}\nbefore: {before}\nafter: {after}")
        assert not more, f"{narrowing.name} tells {more}"


async def _told(place, asker, document, answer):
    """Each told value, by record and field, and whether in another form."""
    if answer.data is None:
        return {}
    masked = {
        (record["type"], record["id"], name)
        for record in (await place.entry())["records"]
        for name in record.get("masked", ())
    }
    values = {}
    for one in told(document.text, place.variables(document), answer.data, known=place.known(asker)):
        if one.value not in (None, []) and one.field not in _GROWING:
            values.setdefault(one[:3], []).append("masked" if one[:3] in masked else one.value)
    return values


def _was_told(before, what, values):
    known = before.get(what)
    if known is None:
        return False
    if what[2] == "provenance":
        parts = [part for value in known if value is not INCOMPLETE for part in value]
        return all(part in parts for value in values if value is not INCOMPLETE for part in value)
    return all(value in known or value == "masked" for value in values)
