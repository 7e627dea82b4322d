"""Every query of the dashboard is answered by a real Prometheus, and with numbers once there was what it shows."""

import json
import math
import re
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest

from tests.deploy.containers import PROJECT
from tests.deploy.watching import a_prometheus
from tests.faults.crowd import a_nurse, an_asker
from tests.faults.locks import locked
from tests.support.builders import a_child, a_shield, an_authority
from tests.support.federation import ELSEWHERE, HERE, RegistryFile, enrolled
from tests.support.processes import a_served_gateway, free_port, until

DASHBOARD = json.loads((PROJECT / "deploy" / "grafana" / "gateway.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = {
    f"{panel['title']} {target['refId']}": (target["expr"], target["legendFormat"])
    for panel in PANELS
    for target in panel["targets"]
}
CHOSEN = {"$instance": ".+", "$__rate_interval": "1m"}
"""What Grafana puts in the place of variables: every gateway, and the shortest stretch that has two looks in it."""
ASK = """
query Ask($id: ID!, $criteria: ChildCriteria!, $elsewhere: [LocalAuthorityCode!]) {
  child(by: { id: $id }) { givenName address { postcode } }
  searchChildren(criteria: $criteria, authorities: $elsewhere) { sources { status } }
}
"""
SOMEBODY = {"familyName": "Example", "dateOfBirth": "2015-03-04"}


def with_chosen(query):
    for variable, value in CHOSEN.items():
        query = query.replace(variable, value)
    return query


@pytest.fixture
async def nurse(database):
    return await a_nurse(database)


@pytest.fixture
def member(tmp_path):
    """Settings of a member whose registry lists another one that nobody serves."""
    here, elsewhere = enrolled(tmp_path, HERE, port=free_port()), enrolled(tmp_path, ELSEWHERE, port=free_port())
    registry = RegistryFile(tmp_path, here, elsewhere).publish(here, elsewhere, issued=datetime.now(UTC))
    return here.settings(registry) | {"peer_port": free_port(), "peer_timeout": 2}


async def test_every_query_is_answered_with_numbers_once_there_was_what_it_shows(
    database, database_url, nurse, member, tmp_path
):
    await an_authority(database, HERE)
    shielded = await a_child(database)
    await a_shield(database, shielded)
    asker, metrics = await an_asker(nurse, database, tmp_path), free_port()
    body = {
        "query": ASK,
        "variables": {"id": asker.child_id(shielded), "criteria": SOMEBODY, "elsewhere": [ELSEWHERE]},
    }
    port_for_peers = f"https://127.0.0.1:{member['peer_port']}/"
    unanswered, blank = set(QUERIES), set()

    async with (
        a_served_gateway(tmp_path, url=database_url, metrics_port=metrics, ledger_timeout=4, **member) as gateway,
        a_prometheus(tmp_path, metrics=metrics) as prometheus,
        httpx.AsyncClient(base_url=gateway.address, headers=asker.headers, timeout=60) as http,
        httpx.AsyncClient(verify=False, timeout=60) as nobody,  # noqa: S501  # a stranger believes anybody
    ):

        async def asked():
            refused = await http.get("/" + "a" * 20_000)
            with suppress(httpx.TransportError):
                await nobody.get(port_for_peers)
            return (await http.post("/graphql", json=body)).status_code, refused.status_code

        async def all_answered():
            await asked()
            for name in sorted(unanswered):
                query, legend = QUERIES[name]
                found = await prometheus.found(with_chosen(query))
                if found and not any(math.isnan(float(series["value"][1])) for series in found):
                    unanswered.discard(name)
                    wanted = set(re.findall(r"\{\{(\w+)\}\}", legend))
                    blank.update(name for series in found if not wanted <= series["metric"].keys())
            return not unanswered

        first = await asked()
        async with locked(database_url, "ledger_entry"):
            unrecorded = await asked()
        with suppress(TimeoutError):
            await until(all_answered, within=180)
        [choice] = [one for one in DASHBOARD["templating"]["list"] if one["name"] == "instance"]
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", choice["query"]["query"]).groups()
        instances = await prometheus.asked(f"/label/{label}/values", **{"match[]": metric})

    assert (first, unrecorded) == ((200, 414), (503, 414))
    assert unanswered == set()
    assert blank == set()
    assert instances == [f"127.0.0.1:{metrics}"]


def test_every_panel_has_a_place_a_number_and_a_source_of_its_own():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    places = [
        (column, line)
        for panel in DASHBOARD["panels"]
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(set(ids)) == len(ids)
    assert len(set(places)) == len(places)
    assert max(column for column, _ in places) < 24
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
