"""Property 3: every road to a record gives one asker the same decision on it."""

from collections import defaultdict

from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.support.documents import Document, Reference, everything, searches
from tests.support.worlds import askers, worlds

_CHILD, _CARER, _INVOLVEMENT = everything("Child", 1), everything("Carer", 1), everything("Involvement", 1)
_PRACTITIONER, _SETTING = everything("Practitioner", 1), everything("Setting", 1)


def _roads(world):
    """One document a road, each with every field of what the road leads to."""
    for row in world.rows("child"):
        child = {"id": Reference(row["id"])}
        yield Document(f"query($id: ID!) {{ child(by: {{id: $id}}) {_CHILD} }}", child)
        yield Document(f"query($id: ID!) {{ node(id: $id) {{ ... on Child {_CHILD} }} }}", child)
        yield _entity("Child", row["id"], _CHILD)
        yield Document(
            "query($id: ID!) { child(by: {id: $id}) {"
            f" carers {_CARER} involvements {_INVOLVEMENT} leadProfessional {_PRACTITIONER} settings {_SETTING} }} }}",
            child,
        )
        yield Document(
            "query($id: ID!) { child(by: {id: $id}) {"
            f" carers {{ children {_CHILD} involvements {_INVOLVEMENT} }}"
            f" involvements {{ practitioner {_PRACTITIONER} child {_CHILD} }} }} }}",
            child,
        )
        if row["nhs_number"]:
            by = {"by": {"nhsNumber": row["nhs_number"]}}
            yield Document(f"query($by: ChildKey!) {{ child(by: $by) {_CHILD} }}", by)
        found = next(searches([row]))
        text = f"query($criteria: ChildCriteria!) {{ searchChildren(criteria: $criteria, first: 50) {{ candidates {{ child {_CHILD} }} }} }}"  # noqa: E501 - one document
        yield Document(text, found.variables)
    for table, type_name, selection in (
        ("carer", "Carer", _CARER),
        ("involvement", "Involvement", _INVOLVEMENT),
        ("practitioner", "Practitioner", _PRACTITIONER),
        ("setting", "Setting", _SETTING),
    ):
        for key in world.keys(table):
            yield _entity(type_name, key, selection)
            yield Document(
                f"query($id: ID!) {{ node(id: $id) {{ ... on {type_name} {selection} }} }}", {"id": Reference(key)}
            )


def _entity(type_name, key, selection):
    known = [{"__typename": type_name, "id": Reference(key)}]
    text = f"query($known: [_Any!]!) {{ _entities(representations: $known) {{ ... on {type_name} {selection} }} }}"
    return Document(text, {"known": known})


@given(st.data())
@examples(20)
async def test_every_road_to_a_record_tells_the_same(place, book, new_example, tally, data):
    base = data.draw(worlds(children=3), label="world")
    asker, world = data.draw(askers(base, book), label="asker")
    await place.settle(world, example=new_example())

    decided = defaultdict(dict)
    for document in _roads(world):
        tally(await place.ask(asker, document))
        for record in (await place.entry())["records"]:
            if record["type"] != "Candidate":
                for what, decision in _decisions(record):
                    decided[record["type"], record["id"], what][str(decision)] = document

    for (type_name, record_id, what), decisions in decided.items():
        note(f"{type_name} {record_id} {what}: {decisions if len(decisions) > 1 else ''}")
        assert len(decisions) == 1, f"{what} of a {type_name} is decided as {sorted(decisions)}"


def _decisions(record):
    """What was decided on a record: whether it exists, and on each field the effect with its reasons."""
    yield "existence", (record["exists"], record.get("reasons"))
    for name in record.get("disclosed", ()):
        yield name, "disclosed"
    for group in ("masked", "withheld", "concealed"):
        for name, why in record.get(group, {}).items():
            yield name, (group, why)
