"""Leaks that the properties found, or that reading for them did: each the smallest world that showed it."""

from tests.support.documents import Document, Reference, searches
from tests.support.worlds import OTHER, Asker, Key, a_child_row, a_link_row, a_small_world, registered

CHILD, GONE, CARER = Key("child", 1), Key("child", 2), Key("carer", 1)
VOLUNTEER = Asker(role="voluntary-practitioner", purpose="direct-support")
TEACHER = Asker(role="education-practitioner", purpose="direct-support")


async def _bytes(twin_places, new_example, asker, worlds, document):
    example = new_example()
    for place, world in zip(twin_places, worlds, strict=True):
        await place.settle(registered(world, asker), example=example)
    return [(await place.ask(asker, document)).content for place in twin_places]


async def test_an_archived_child_elsewhere_does_not_hide_its_carer_at_home(twin_places, new_example):
    """The carer's home was that of all children in care, those who had left the directory among them."""
    without = a_small_world()
    gone = a_child_row(2, authority=OTHER, standing="archived")
    with_it = without.plus("child", gone).plus("child_carer", a_link_row(GONE, CARER))
    carers = Document("query($id: ID!) { child(by: {id: $id}) { carers { name } } }", {"id": Reference(CHILD)})

    one, other = await _bytes(twin_places, new_example, VOLUNTEER, (with_it, without), carers)

    assert one == other
    assert b"Carer 1" in one


async def test_which_record_stands_for_a_child_does_not_tell_of_an_nhs_number(twin_places, new_example):
    """A search chose among the records of one child by whether they have an NHS number, which the asker may not see."""
    twin = a_child_row(2, identity_id=Key("identity", 1))
    plain = a_small_world().plus("child", twin)
    stated = {f"nhs_number_{part}": twin[f"name_{part}"] for part in ("source", "asserted_at", "confirmed_at")}
    numbered = plain.changed("child", lambda row: row["id"] == GONE, nhs_number="9434765919", **stated)
    by_name = next(searches(plain.rows("child")))

    one, other = await _bytes(twin_places, new_example, TEACHER, (numbered, plain), by_name)

    assert one == other
