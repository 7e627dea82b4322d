"""A gateway whose clock is off: what is within half a minute is taken, the rest refused by name and recorded.

The gateway is a process of its own, whose time of day alone is moved while it serves.
"""

from datetime import UTC, datetime, timedelta

import httpx

from tests.faults.crowd import headers_of
from tests.faults.test_reload import told_to_reload
from tests.support.builders import an_authority
from tests.support.clock import Clock
from tests.support.federation import HERE, THERE, RegistryFile, assertion, call, enrolled, entries_of
from tests.support.processes import a_served_gateway, free_port, recorded

TOKEN = 3_600
"""Seconds for which the tests' tokens are good."""
ASSERTION = 60
"""Seconds for which an assertion is good at most."""
A_WEEK = 7 * 86_400


def reasons(entry):
    return [code["reason"] for code in entry["outcome"]["codes"]]


async def test_tokens_are_taken_within_half_a_minute_and_beyond_it_refused_and_recorded(
    database, database_url, nurse, tmp_path
):
    clock = Clock(tmp_path)
    offsets = {"right": 0, "slow": -20, "too-slow": -45, "fast": TOKEN + 20, "too-fast": TOKEN + 45, "right-again": 0}
    statuses = {}

    async with (
        a_served_gateway(tmp_path, url=database_url, variables=clock.variables) as gateway,
        httpx.AsyncClient(base_url=gateway.address, timeout=60) as http,
    ):
        for name, seconds in offsets.items():
            clock.off_by(seconds)
            headers = headers_of(nurse, tmp_path) | {"x-request-id": name}
            statuses[name] = (
                await http.post("/graphql", json={"query": "{ me { role } }"}, headers=headers)
            ).status_code
    found = await recorded(database, tmp_path)

    assert statuses == {"right": 200, "slow": 200, "too-slow": 401, "fast": 200, "too-fast": 401, "right-again": 200}
    assert {name: reasons(entry) for name, entry in found.items() if reasons(entry)} == {
        "too-slow": ["token-not-yet-valid"],
        "too-fast": ["token-expired"],
    }
    assert found.keys() == offsets.keys()


async def test_other_authorities_are_refused_by_name_and_nobody_is_answered_under_an_expired_registry(
    database, database_url, nurse, tmp_path
):
    clock, port, now = Clock(tmp_path), free_port(), datetime.now(UTC)
    here, there = (enrolled(tmp_path, code).renew(at=now - timedelta(days=1)) for code in (HERE, THERE))
    registry = RegistryFile(tmp_path, here, there).publish(here, there, issued=now, days=7)
    settings = there.settings(registry) | {"peer_port": port, "locator_interval": 0, "registry_interval": 0}
    offsets = {"right": 0, "slow": -20, "too slow": -45, "too fast": ASSERTION + 45, "a week later": A_WEEK + 45}
    met = {}
    await an_authority(database, THERE)

    async with (
        a_served_gateway(tmp_path, url=database_url, variables=clock.variables, **settings) as gateway,
        httpx.AsyncClient(base_url=gateway.address, timeout=60) as http,
    ):
        for name, seconds in (offsets | {"right again": 0}).items():
            clock.off_by(seconds)
            answer = await call(f"https://127.0.0.1:{port}", here, there, assertion(here, at=datetime.now(UTC)))
            entries = await entries_of(database, answer)
            met[name] = answer.status_code, [reason for entry in entries for reason in reasons(entry)]
        clock.off_by(A_WEEK + 45)
        reloaded = await told_to_reload(gateway)
        later = headers_of(nurse, tmp_path, at=now + timedelta(seconds=A_WEEK + 45))
        local = await http.post("/graphql", json={"query": "{ me { role } }"}, headers=later)
        ready = await http.get("/readyz")

    assert met == {
        "right": (200, []),
        "slow": (200, []),
        "too slow": (401, ["assertion-not-yet-valid"]),
        "too fast": (401, ["assertion-expired"]),
        "a week later": (503, []),
        "right again": (200, []),
    }
    assert "registry refused" in reloaded
    assert "no new registry: the registry expired at" in gateway.complained
    assert (local.status_code, ready.status_code) == (200, 200)
    assert ready.json()["reasons"] == {"registry": "registry-missing"}
