"""Property 2: the fields in an answer and the fields in its ledger entry are the same set."""

from base64 import urlsafe_b64decode
from collections import defaultdict

from hypothesis import given, note
from hypothesis import strategies as st

from gateway.ledger.commitments import value_bytes
from tests.properties.profile import examples
from tests.support.documents import INCOMPLETE, documents, told
from tests.support.worlds import askers, worlds


@given(st.data())
@examples(60)
async def test_whatever_is_told_is_in_the_entry_and_whatever_is_in_the_entry_was_asked(
    place, book, new_example, tally, data
):
    base = data.draw(worlds(), label="world")
    asker, world = data.draw(askers(base, book), label="asker")
    document = data.draw(documents(world, identified=True), label="document")
    await place.settle(world, example=new_example())

    answer = await place.ask(asker, document)
    entry = await place.entry()

    note(f"answer: {answer.document}")
    tally(answer)
    if answer.data is None:
        assert entry["records"] == []
        assert [code["code"] for code in entry["outcome"]["codes"]] == answer.codes
        return
    assert answer.status == 200
    answered = list(told(document.text, place.variables(document), answer.data, known=place.known(asker)))
    _assert_same(document, answered, entry)
    _assert_committed(answered, entry, await place.commitments())


def _assert_same(document, answered, entry):
    logged, groups, concealed = set(), defaultdict(set), set()
    for record in entry["records"]:
        if record["exists"] == "conceal":
            concealed.add((record["type"], record["id"]))
        for group in ("disclosed", "masked", "withheld", "concealed"):
            for name in record.get(group, ()):
                logged.add((record["type"], record["id"], name))
                groups[record["type"], record["id"], name].add(group)
    fields = {one[:3] for one in answered}

    assert fields <= logged, f"told and not logged: {sorted(fields - logged)}"
    surplus = {one for one in logged - fields if not _is_asked_for(document, one, fields)}
    assert not surplus, f"logged and not told: {sorted(surplus)}"
    assert not concealed & {one[:2] for one in answered}, "a concealed record was told"
    for type_name, record_id, name, value in answered:
        if value is not None and value != []:
            assert groups[type_name, record_id, name] & {"disclosed", "masked"}, f"told though refused: {name}"


def _is_asked_for(document, logged, fields):
    """Fields that an answer reads without showing them: they are disclosures too, and named in the entry.

    `accessLog` asks the child's record for its log. `involvements(active:)` reads the state of every involvement of
    the list, shown or filtered out; of one filtered out the entry names all that was selected.
    """
    type_name, record_id, name = logged
    if type_name == "Child" and name in ("accessLog", "withheld"):
        return "accessLog" in document.text
    if type_name == "Involvement" and document.filters:
        return name == "active" or (type_name, record_id, "id") not in fields
    return False


def _assert_committed(answered, entry, commitments):
    salt = urlsafe_b64decode(entry["salt"] + "==")
    made = defaultdict(set)
    for record in entry["records"]:
        for name, text in record["committed"].items():
            made[record["type"], record["id"], name].add(text)
    for type_name, record_id, name, value in answered:
        texts = made[type_name, record_id, name] - {""}
        if texts and value is not INCOMPLETE:
            assert any(
                commitments.check(
                    text, salt=salt, record_type=type_name, record_id=record_id, field=name, value=value_bytes(value)
                )
                for text in texts
            ), f"{type_name}.{name} is committed to another value than was told: {value!r}"
