"""Two gateways that are processes, with a clock, a certificate or a key that is wrong: named, recorded, and over.

Neither is started again in between; what was wrong is put right in its file, or on its clock.
"""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from gateway.federation.signed import new_key
from tests.faults.border import a_border
from tests.faults.test_reload import told_to_reload
from tests.support.clock import Clock
from tests.support.processes import until

ANSWERED = (1, 1, "ANSWERED")
REFUSED = (1, 0, "REFUSED")
UNAVAILABLE = (1, 0, "UNAVAILABLE")
WRONG = 200
"""Seconds: an assertion lives for a minute, and clocks may differ by half of one."""


@pytest.fixture(scope="module")
async def border(postgres, tmp_path_factory):
    """Both gateways under clocks of their own, `ours` and `theirs`; every test leaves all as it was."""
    folder = tmp_path_factory.mktemp("border")
    async with a_border(postgres, folder) as border:
        border.clocks = []
        for side in (border.here, border.there):
            border.data_of(side).mkdir()
            border.clocks.append(Clock(border.data_of(side)))
        ours, theirs = border.clocks
        async with (
            border.served(border.here, variables=ours.variables) as border.ours,
            border.served(border.there, variables=theirs.variables) as border.theirs,
        ):
            yield border


async def met(border, request_id, **stated):
    """What somebody here is told, and why not as the ledgers here and there have it."""
    return await border.found(border.ours, request_id=request_id, **stated), await border.recorded(request_id)


async def says(border, fault):
    """Wait until the answering side's log names the fault of a connection."""

    async def said():
        return f"connections refused: {fault}: " in border.theirs.complained

    await until(said)


async def test_a_clock_that_is_wrong_on_either_side_is_a_refusal_until_it_is_right(border):
    here, there = border.clocks
    faults = {"there slow": (0, -WRONG), "there fast": (0, WRONG), "here fast": (WRONG, 0)}
    before = await met(border, "clock-right")
    wrong = {}
    for name, (ours, theirs) in faults.items():
        here.off_by(ours)
        there.off_by(theirs)
        wrong[name] = await met(border, f"clock-{name.replace(' ', '-')}")
        here.off_by(0)
        there.off_by(0)
    after = await met(border, "clock-right-again")

    refused = "peer-refused:UNAUTHENTICATED"
    assert (before[0], after[0]) == (ANSWERED, ANSWERED)
    assert wrong == {
        "there slow": (REFUSED, (refused, ["assertion-not-yet-valid"])),
        "there fast": (REFUSED, (refused, ["assertion-expired"])),
        "here fast": (REFUSED, (refused, ["assertion-not-yet-valid"])),
    }


async def test_a_certificate_that_has_expired_on_either_side_is_named_until_it_is_renewed(border):
    here, there, long_ago = border.here.member, border.there.member, datetime.now(UTC) - timedelta(days=400)
    before = await met(border, "certificate-right")
    here.renew(at=long_ago)
    ours = await met(border, "certificate-ours")
    await says(border, "certificate-expired")
    here.renew()
    there.renew(at=long_ago)
    theirs = await met(border, "certificate-theirs")
    await says(border, "own-certificate-expired")
    there.renew()
    after = await met(border, "certificate-right-again")

    assert (before[0], ours[0], theirs[0], after[0]) == (ANSWERED, UNAVAILABLE, UNAVAILABLE, ANSWERED)
    assert ours[1][0].startswith("peer-connection:")
    assert theirs[1] == ("peer-connection:ClientConnectorCertificateError", [])
    assert ours[1][1] == [], "nothing was asked, so there is nothing to record"


async def test_a_certificate_that_runs_out_while_the_connection_stays_is_refused_by_name(border):
    now, here = datetime.now(UTC), border.here.member
    later = now + timedelta(days=2)
    here.renew(at=now, days=1)
    before = await met(border, "running-out")
    for clock in border.clocks:
        clock.off_by(2 * 86_400)
    run_out = await met(border, "run-out", at=later)
    here.renew(at=later)
    renewed = await met(border, "run-out-and-renewed", at=later)
    for clock in border.clocks:
        clock.off_by(0)
    here.renew(at=later)
    early = await met(border, "too-early")
    await says(border, "certificate-not-yet-valid")
    here.renew()
    after = await met(border, "in-its-time")

    assert [one[0] for one in (before, renewed, after)] == [ANSWERED] * 3
    assert run_out == (REFUSED, ("peer-refused:UNAUTHENTICATED", ["certificate-expired"]))
    assert early[0] == UNAVAILABLE


async def test_a_key_is_rotated_with_overlap_while_both_sides_serve(border):
    here, there, file = border.here.member, border.there.member, border.here.member.folder / "assertion.jwk"
    old, new = here.key, new_key()
    faces = {}

    def install(key):
        fresh = file.with_suffix(".next")
        fresh.write_bytes(orjson.dumps(key.as_dict(private=True)))
        shutil.move(fresh, file)

    async def listed(*keys):
        here.member = replace(here.member, keys=keys)
        border.registry.publish(here, there, issued=datetime.now(UTC))
        for gateway in (border.ours, border.theirs):
            assert "registry taken up" in await told_to_reload(gateway)

    install(new)
    faces["new before it is listed"] = await met(border, "key-unlisted")
    install(old)
    await listed(old, new)
    faces["old while both are"] = await met(border, "key-old-of-both")
    install(new)
    faces["new while both are"] = await met(border, "key-new-of-both")
    await listed(new)
    faces["new alone"] = await met(border, "key-new")
    install(old)
    faces["old once it is not"] = await met(border, "key-old")
    install(new)
    faces["new again"] = await met(border, "key-new-again")

    unlisted = (REFUSED, ("peer-refused:UNAUTHENTICATED", ["assertion-key"]))
    answered = {name: face[0] for name, face in faces.items() if face != unlisted}
    assert answered == dict.fromkeys(("old while both are", "new while both are", "new alone", "new again"), ANSWERED)
