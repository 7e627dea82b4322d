"""A real Prometheus with what is shipped for it, over a gateway of this machine."""

import json
from contextlib import asynccontextmanager

import httpx

from tests.deploy.containers import PROJECT
from tests.support.processes import a_running, free_port
from tests.support.tools import prometheus_commands

SHIPPED = PROJECT / "deploy" / "prometheus"


class Prometheus:
    """What a running Prometheus says; None while it does not say anything."""

    def __init__(self, http):
        self._http = http

    async def asked(self, path, **parameters):
        try:
            return (await self._http.get(path, params=parameters)).json().get("data")
        except (httpx.TransportError, json.JSONDecodeError):
            return None

    async def found(self, query):
        """The series that a query is answered with."""
        return (await self.asked("/query", query=query) or {}).get("result", [])

    async def alarms(self):
        """Each alarm as it stands, by its name."""
        told = await self.asked("/rules")
        return {rule["name"]: rule for group in told["groups"] for rule in group["rules"]} if told else {}


@asynccontextmanager
async def a_prometheus(folder, *, metrics):
    """A Prometheus that looks at this port ten times as often as the shipped configuration says."""
    program, _ = prometheus_commands()
    port = free_port()
    command = [
        program,
        f"--config.file={_at_this_machine(folder, metrics=metrics)}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    async with (
        a_running(command, folder=folder / "prometheus"),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as http,
    ):
        yield Prometheus(http)


def _at_this_machine(folder, *, metrics):
    shipped = (SHIPPED / "prometheus.yaml").read_text()
    assert shipped.count("gateway:9464") == 1
    (folder / "alerts.yaml").write_text((SHIPPED / "alerts.yaml").read_text())
    config = folder / "prometheus.yaml"
    config.write_text(shipped.replace("gateway:9464", f"127.0.0.1:{metrics}").replace("15s", "1s"))
    return config
