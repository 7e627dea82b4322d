"""A real Prometheus reads what is shipped for it, scrapes a real gateway, and notices that it is gone."""

import json
import subprocess

import httpx

from tests.deploy.containers import PROJECT
from tests.support.processes import a_running, a_served_gateway, free_port, until
from tests.support.tools import prometheus_commands

SHIPPED = PROJECT / "deploy" / "prometheus"
ALARMS = (SHIPPED / "alerts.yaml").read_text().count("- alert: ")


def at_this_machine(folder, *, metrics):
    """The shipped configuration with the gateway's place of this machine, looking ten times as often."""
    shipped = (SHIPPED / "prometheus.yaml").read_text()
    assert shipped.count("gateway:9464") == 1
    (folder / "alerts.yaml").write_text((SHIPPED / "alerts.yaml").read_text())
    config = folder / "prometheus.yaml"
    config.write_text(shipped.replace("gateway:9464", f"127.0.0.1:{metrics}").replace("15s", "1s"))
    return config


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
    program, _ = prometheus_commands()
    port, metrics = free_port(), free_port()
    command = [
        program,
        f"--config.file={at_this_machine(tmp_path, metrics=metrics)}",
        f"--storage.tsdb.path={tmp_path / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    async with (
        a_served_gateway(tmp_path, url=database_url, metrics_port=metrics) as gateway,
        a_running(command, folder=tmp_path / "prometheus"),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as http,
    ):

        async def asked(path, **parameters):
            try:
                return (await http.get(path, params=parameters)).json()["data"]
            except (httpx.TransportError, json.JSONDecodeError):
                return None

        async def alarms():
            found = await asked("/rules")
            return {rule["name"]: rule for group in found["groups"] for rule in group["rules"]} if found else {}

        async def all_evaluated():
            return {rule["health"] for rule in (await alarms()).values()} == {"ok"}

        async def ready():
            found = await asked("/query", query='gateway_ready{part="engine"}')
            return bool(found and found["result"]) and found["result"][0]["value"][1] == "1"

        async def down_is_noticed():
            return (await alarms())["GatewayDown"]["state"] != "inactive"

        await until(ready, within=60)
        await until(all_evaluated, within=60)
        states = {name: rule["state"] for name, rule in (await alarms()).items()}
        gateway.kill()
        await until(down_is_noticed, within=60)

    assert len(states) == ALARMS
    assert {name for name, state in states.items() if state != "inactive"} == set()
