"""A real Prometheus reads what is shipped for it, scrapes a real gateway, and notices that it is gone."""

import subprocess
from datetime import UTC, datetime

from tests.deploy.watching import SHIPPED, a_prometheus
from tests.support.processes import START_TIMEOUT, a_served_gateway, free_port, until
from tests.support.tools import prometheus_commands

ALARMS = (SHIPPED / "alerts.yaml").read_text().count("- alert: ")
OF_A_BUSY_MACHINE = {"LedgerSlow", "EngineSlow", "AnswersSlow", "EventLoopLate"}
"""Alarms that may be about to be raised where a test runs beside others; none of them is within five minutes."""


def test_its_own_tool_finds_nothing_wrong_with_configuration_and_alarms():
    _, promtool = prometheus_commands()

    said = subprocess.run(  # noqa: S603 - our own file
        [promtool, "check", "config", SHIPPED / "prometheus.yaml"], capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{ALARMS} rules found" in said.stdout


async def test_it_scrapes_a_gateway_evaluates_every_alarm_and_raises_the_one_for_a_gateway_that_is_down(
    database_url, tmp_path
):
    metrics = free_port()
    async with (
        a_served_gateway(tmp_path, url=database_url, metrics_port=metrics) as gateway,
        a_prometheus(tmp_path, metrics=metrics) as prometheus,
    ):

        async def ready():
            found = await prometheus.found('gateway_ready{part="engine"}')
            return bool(found) and found[0]["value"][1] == "1"

        async def all_evaluated_since_then():
            rules = (await prometheus.alarms()).values()
            return len(rules) == ALARMS and all(
                rule["health"] == "ok" and datetime.fromisoformat(rule["lastEvaluation"]) > then for rule in rules
            )

        async def down_is_noticed():
            found = await prometheus.alarms()
            return "GatewayDown" in found and found["GatewayDown"]["state"] != "inactive"

        async def nothing_is_amiss():
            found = await prometheus.alarms()
            raised = {name for name, rule in found.items() if rule["state"] != "inactive"}
            return len(found) == ALARMS and raised <= OF_A_BUSY_MACHINE

        await until(ready, within=START_TIMEOUT)
        then = datetime.now(UTC)
        await until(all_evaluated_since_then, within=START_TIMEOUT)
        await until(nothing_is_amiss, within=START_TIMEOUT)
        gateway.kill()
        await until(down_is_noticed, within=START_TIMEOUT)
