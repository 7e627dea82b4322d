"""Whatever one of two authorities leaves out of its ledger, or puts into it, is found by the other."""

import random
import subprocess
import sys
from dataclasses import replace

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
from gateway.ledger.sealing import encoded
from tests.properties.profile import examples
from tests.support.federation import HERE, THERE, federation_command
from tests.support.processes import command_of, environment_of


def leaf(number, side=0):
    return f"{number:032x}{side:032x}"


def commitment(number, side=0):
    return encoded(bytes.fromhex(leaf(number, side)))


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
            commitment=commitment(n, asking),
        )
        for n in range(count)
    ]
    answered = [
        Call(
            part=Part.ANSWERED,
            request_id=call.request_id,
            number=call.there[0],
            leaf=call.there[1],
            commitment=call.commitment,
        )
        for call in asked
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


def test_an_asking_entry_that_is_not_the_one_committed_to_is_found():
    asked, answered = calls(3)
    changed = replace(asked[1], commitment=commitment(9, 9))

    [difference] = reconciled([asked[0], changed, asked[2]], answered).differences()

    assert (difference.fault, difference.number) == (Fault.OTHER_ASKING_ENTRY, answered[1].number)


def test_an_ask_that_was_repeated_under_its_id_has_an_entry_for_each_commitment():
    asked, answered = calls(1)
    again = replace(asked[0], number=7, there=(8, leaf(8)), commitment=commitment(7))
    answered_again = replace(answered[0], number=8, leaf=leaf(8), commitment=again.commitment)

    assert list(reconciled([*asked, again], [*answered, answered_again]).differences()) == []
    assert [one.fault for one in reconciled(asked, [*answered, answered_again]).differences()] == [
        Fault.OTHER_ASKING_ENTRY
    ]


@pytest.mark.parametrize("older", ["asking", "answering"])
def test_calls_as_an_older_release_writes_them_are_read_and_not_compared_by_commitment(older):
    asked, answered = calls(2)
    changed = [replace(asked[0], commitment=commitment(9, 9)), asked[1]]
    files = {"asking": changed, "answering": answered}
    lines = {side: [orjson.loads(line_of(call)) for call in made] for side, made in files.items()}
    for line in lines[older]:
        del line["commitment"]
    ours, theirs = [list(read_calls(map(orjson.dumps, lines[side]))) for side in ("asking", "answering")]

    reconciliation = reconciled(ours, theirs)
    assert list(reconciliation.differences()) == []
    assert reconciliation.uncommitted == 2


def test_two_calls_that_claim_one_entry_are_both_looked_at():
    asked, answered = calls(3)
    liar = replace(asked[0], there=asked[2].there)

    [difference] = reconciled([liar, *asked[1:]], answered).differences()

    assert (difference.fault, difference.request_id) == (Fault.OTHER_ENTRY, liar.request_id)


def test_two_entries_under_one_number_are_found():
    asked, answered = calls(2)
    second = replace(answered[1], request_id="another", leaf=leaf(9, 9))

    [difference] = reconciled(asked, [*answered, second]).differences()

    assert (difference.fault, difference.number) == (Fault.TWO_ENTRIES, answered[1].number)


def test_an_ask_that_the_other_side_never_saw_is_no_difference():
    silent = Call(part=Part.ASKED, request_id="r", number=1, leaf=leaf(1))

    assert list(reconciled([silent], []).differences()) == []


def test_a_file_that_holds_no_calls_is_refused():
    with pytest.raises(CallsUnreadable, match="line 2"):
        list(read_calls([line_of(calls(1)[0][0]), b"{}"]))
    with pytest.raises(CallsUnreadable, match="line 1"):
        list(read_calls([line_of(replace(calls(1)[0][0], leaf="beef"))]))
    with pytest.raises(CallsUnreadable, match="line 1"):
        list(read_calls([line_of(replace(calls(1)[0][0], commitment="beef"))]))


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


COUNT = 100_000
PLANTED = 200
MEMORY_LIMIT = 400_000
"""Kilobytes that the command may take in all, of which half are its own parts before it has read a call."""

WEIGHED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""A small process that runs a command and says its kilobytes: Linux counts the size of who forks to who is forked."""


def test_every_one_of_hundreds_of_omissions_among_a_hundred_thousand_calls_is_found_by_the_command(tmp_path):
    """Both directions; omitted by either side, exchanged, changed, claimed twice: at places chosen at random."""
    chance = random.Random()  # noqa: S311 - where they are hidden, no secret
    asked, answered = calls(COUNT // 2)
    asked_back, answered_back = calls(COUNT - COUNT // 2, asking=1)
    sides = {"ours": [*asked, *answered_back], "theirs": [*answered, *asked_back]}
    places = chance.sample(range(COUNT), PLANTED)
    expected = set()
    for number, place in enumerate(places):
        ours, theirs = sides["ours"][place], sides["theirs"][place]
        kind = number % 5
        asks, answers = (("ours", "theirs"), ("theirs", "ours"))[ours.part is Part.ANSWERED]
        if kind == 0:  # the asking side leaves it out
            sides[asks][place] = None
            expected.add((ours.request_id, Fault.LACKED_BY_ASKING))
        elif kind == 1:  # the answering side does
            sides[answers][place] = None
            expected.add((ours.request_id, Fault.LACKED_BY_ANSWERING))
        elif kind == 2:  # the answering side has changed its entry
            sides[answers][place] = replace(sides[answers][place], leaf=leaf(place, 7))
            expected.add((ours.request_id, Fault.OTHER_ENTRY))
        elif kind == 3:  # the asking side has changed its entry
            sides[asks][place] = replace(sides[asks][place], commitment=commitment(place, 9))
            expected.add((ours.request_id, Fault.OTHER_ASKING_ENTRY))
        else:  # the asking side claims another entry than it was told of
            claimed = sides[asks][place].there
            sides[asks][place] = replace(sides[asks][place], there=(claimed[0], leaf(place, 8)))
            expected.add((ours.request_id, Fault.OTHER_ENTRY))
        assert theirs.request_id == ours.request_id
    for name, lines in sides.items():
        (tmp_path / name).write_bytes(b"".join(line_of(call) for call in lines if call is not None))

    command = command_of(
        "federation", "reconcile", "--with", THERE, "--theirs", str(tmp_path / "theirs"),
        "--ours", str(tmp_path / "ours"), "--json",
    )  # fmt: skip
    with (tmp_path / "said").open("wb") as said:
        ended = subprocess.run(  # noqa: S603 - ours
            [sys.executable, "-c", WEIGHED, *command],
            stdout=said, stderr=subprocess.PIPE, env=environment_of(authority=HERE), check=False,
        )  # fmt: skip

    assert ended.returncode == 1
    document = orjson.loads((tmp_path / "said").read_bytes())
    assert (document["calls"], document["uncommitted"]) == (COUNT, 0)
    assert {(one["request_id"], one["fault"]) for one in document["differences"]} == expected
    assert int(ended.stderr.splitlines()[-1]) < MEMORY_LIMIT


def test_two_files_that_agree_end_with_0(tmp_path):
    asked, answered = calls(4)
    (tmp_path / "ours").write_bytes(b"".join(map(line_of, asked)))
    (tmp_path / "theirs").write_bytes(b"".join(map(line_of, answered)))
    files = ("--theirs", tmp_path / "theirs", "--ours", tmp_path / "ours")
    result = federation_command("reconcile", "--with", THERE, *files, authority=HERE)

    assert result.exit_code == 0
    assert "4 calls" in result.stdout
