"""Whatever one of two authorities leaves out of its ledger, or puts into it, is found by the other."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.federation.reconciling import (
    Call,
    CallsUnreadable,
    Fault,
    Part,
    Reconciliation,
    line_of,
    read_calls,
)
from tests.properties.profile import examples
from tests.support.federation import HERE, THERE, federation_command


def leaf(number, side=0):
    return f"{number:032x}{side:032x}"


def calls(count, *, asking=0):
    """The calls of one side to the other, as both have them: (asked, answered)."""
    name = f"{asking}"
    asked = [
        Call(
            part=Part.ASKED,
            request_id=f"r{name}-{n}",
            number=2 * n + asking,
            leaf=leaf(n, 1),
            there=(3 * n + asking, leaf(n, 2)),
        )
        for n in range(count)
    ]
    answered = [
        Call(part=Part.ANSWERED, request_id=call.request_id, number=call.there[0], leaf=call.there[1]) for call in asked
    ]
    return asked, answered


def reconciled(ours, theirs):
    reconciliation = Reconciliation(ours=HERE, theirs=THERE)
    for call in ours:
        reconciliation.take(call, of=HERE)
    for call in theirs:
        reconciliation.take(call, of=THERE)
    return reconciliation


@given(data=st.data(), count=st.integers(0, 12), back=st.integers(0, 12))
@examples(60)
def test_every_planted_omission_is_found_and_nothing_else(data, count, back):
    asked, answered = calls(count)
    asked_back, answered_back = calls(back, asking=1)
    gone_here = data.draw(st.sets(st.sampled_from(asked + answered_back)) if asked + answered_back else st.just(set()))
    gone_there = data.draw(st.sets(st.sampled_from(answered + asked_back)) if answered + asked_back else st.just(set()))
    ours = [call for call in asked + answered_back if call not in gone_here]
    theirs = [call for call in answered + asked_back if call not in gone_there]

    found = {(one.request_id, one.fault) for one in reconciled(ours, theirs).differences()}

    hidden = {call.request_id for call in gone_here} & {call.request_id for call in gone_there}
    expected = {
        (call.request_id, Fault.LACKED_BY_ASKING if call.part is Part.ASKED else Fault.LACKED_BY_ANSWERING)
        for call in gone_here | gone_there
        if call.request_id not in hidden
    }
    assert found == expected


def test_an_entry_that_was_exchanged_is_found():
    asked, answered = calls(3)
    changed = Call(part=Part.ANSWERED, request_id=answered[1].request_id, number=answered[1].number, leaf=leaf(9, 9))

    [difference] = reconciled(asked, [answered[0], changed, answered[2]]).differences()

    assert (difference.fault, difference.number) == (Fault.OTHER_ENTRY, changed.number)


def test_an_ask_that_the_other_side_never_saw_is_no_difference():
    silent = Call(part=Part.ASKED, request_id="r", number=1, leaf=leaf(1))

    assert list(reconciled([silent], []).differences()) == []


def test_a_file_that_holds_no_calls_is_refused():
    with pytest.raises(CallsUnreadable, match="line 2"):
        list(read_calls([line_of(calls(1)[0][0]), b"{}"]))


def test_the_command_names_the_omissions_of_both_sides_and_ends_with_1(tmp_path):
    asked, answered = calls(4)
    (tmp_path / "ours").write_bytes(b"".join(map(line_of, asked[1:])))
    (tmp_path / "theirs").write_bytes(b"".join(map(line_of, answered[:-1])))
    files = ("--theirs", tmp_path / "theirs", "--ours", tmp_path / "ours")
    result = federation_command("reconcile", "--with", THERE, *files, "--json", authority=HERE)

    assert result.exit_code == 1
    document = orjson.loads(result.stdout)
    assert document["calls"] == 4
    assert {(one["request_id"], one["fault"]) for one in document["differences"]} == {
        (asked[0].request_id, "lacked-by-asking"),
        (asked[3].request_id, "lacked-by-answering"),
    }


def test_two_files_that_agree_end_with_0(tmp_path):
    asked, answered = calls(4)
    (tmp_path / "ours").write_bytes(b"".join(map(line_of, asked)))
    (tmp_path / "theirs").write_bytes(b"".join(map(line_of, answered)))
    files = ("--theirs", tmp_path / "theirs", "--ours", tmp_path / "ours")
    result = federation_command("reconcile", "--with", THERE, *files, authority=HERE)

    assert result.exit_code == 0
    assert "4 calls" in result.stdout
