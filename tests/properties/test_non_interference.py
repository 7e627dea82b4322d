"""Property 1: two worlds that differ only in what an asker may not see give that asker the same bytes."""

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.hidden import CARER, CHILD, INVOLVEMENT, VARIATIONS, Pair, everything_once_access_has_lapsed
from tests.properties.profile import examples
from tests.support.documents import battery, documents

_OF_THE_REQUEST = {"x-request-id", "date"}


@pytest.mark.parametrize("variation", VARIATIONS, ids=lambda variation: variation.__name__)
@given(st.data())
@examples(10)
async def test_what_may_not_be_seen_makes_no_difference(twin_places, book, new_example, tally, variation, data):
    pair: Pair = data.draw(variation(book), label="pair")
    drawn = documents(pair.one, about=(CHILD, CARER, INVOLVEMENT))
    asked = [data.draw(drawn, label="document")]
    rows = [row for world in (pair.one, pair.other) for row in world.rows("child") if row["id"] == CHILD]
    asked += battery(rows, carer=CARER, involvement=INVOLVEMENT)
    asked += [next(battery([row])) for row in pair.one.rows("child") if row["id"] != CHILD]
    example = new_example()
    for place, world in zip(twin_places, (pair.one, pair.other), strict=True):
        await place.settle(world, example=example)

    for document in asked:
        one, other = [await place.ask(pair.asker, document) for place in twin_places]
        if document is asked[0] and variation is not everything_once_access_has_lapsed:
            tally(one)

        note(
            f"asked: {document.text} {document.variables}\none: {one.content.decode()}\nother: {other.content.decode()}"
        )
        assert one.content == other.content, f"{pair.what} shows in the body"
        assert one.status == other.status
        assert _headers(one) == _headers(other)


def _headers(answer):
    return sorted((name, value) for name, value in answer.headers.items() if name not in _OF_THE_REQUEST)
