"""Gateways and workers that are restarted one after the other while asks flow: every ask is answered and recorded."""

import signal
from contextlib import asynccontextmanager

import httpx

from tests.faults import table
from tests.faults.crowd import a_crowd, an_asker
from tests.faults.test_workers import delivered, two_workers, workers_of
from tests.support.processes import START_TIMEOUT, Load, a_served_gateway, free_port, is_ready, lost, recorded, until

ASKS = 60
"""Answers between two restarts."""


class Balancer(httpx.AsyncBaseTransport):
    """Sends each request to a gateway that accepts connections, as a balancer does, and none of them twice."""

    def __init__(self, *addresses):
        self._gateways = [(httpx.URL(address), httpx.AsyncHTTPTransport()) for address in addresses]
        self._turn = 0

    async def handle_async_request(self, request):
        self._turn += 1
        first = self._turn % len(self._gateways)
        for address, transport in (*self._gateways[first:], *self._gateways[:first]):
            request.url = request.url.copy_with(host=address.host, port=address.port)
            try:
                return await transport.handle_async_request(request)
            except httpx.ConnectError as error:
                refused = error
        raise refused

    async def aclose(self):
        for _, transport in self._gateways:
            await transport.aclose()


def taken_and_cut_off(load, found):
    """The asks that a gateway had read and left unanswered, and how they ended there.

    One that came as the door closed was never read.
    """
    return [
        (asked.request_id, found[asked.request_id]["outcome"]) for asked in load.cut_off if asked.request_id in found
    ]


async def enough_more(load):
    wanted = len(load.delivered) + ASKS
    await until(lambda: delivered(load, wanted), within=2 * START_TIMEOUT)


async def test_two_gateways_behind_a_balancer_are_restarted_in_turn_and_no_ask_is_lost(
    database, database_url, nurse, tmp_path
):
    asker, ports = await an_asker(nurse, database, tmp_path), (free_port(), free_port())
    load = Load(asker, await a_crowd(database, children=50), connections=8)
    addresses = [f"http://127.0.0.1:{port}" for port in ports]

    @asynccontextmanager
    async def gateway_at(port):
        async with a_served_gateway(tmp_path, url=database_url, port=port) as gateway:
            await until(lambda: is_ready(gateway.address))
            yield gateway

    async with (
        gateway_at(ports[0]) as one,
        gateway_at(ports[1]) as other,
        load.on(addresses[0], transport=Balancer(*addresses)),
    ):
        await enough_more(load)
        one.send(signal.SIGTERM)
        codes = [await one.ended()]
        await enough_more(load)
        async with gateway_at(ports[0]):
            await enough_more(load)
            other.send(signal.SIGTERM)
            codes.append(await other.ended())
            await enough_more(load)
    found = await recorded(database, tmp_path)

    missing = lost(load.delivered, found)
    table.note("two gateways restarted in turn", load, missing)
    assert codes == [0, 0]
    assert (load.refusals, missing) == ([], [])
    assert taken_and_cut_off(load, found) == []


async def test_workers_are_restarted_in_turn_behind_one_port_and_no_ask_is_lost(
    database, database_url, nurse, tmp_path
):
    load = Load(await an_asker(nurse, database, tmp_path), await a_crowd(database, children=50), connections=8)
    async with two_workers(tmp_path, database_url) as gateway, load.on(gateway.address):
        for worker in workers_of(gateway):
            await enough_more(load)
            worker.terminate()

            async def another():
                return len(workers_of(gateway)) == 2 and worker not in workers_of(gateway)  # noqa: B023 - as above

            await until(another, within=START_TIMEOUT)
        await enough_more(load)
    found = await recorded(database, tmp_path)

    missing = lost(load.delivered, found)
    table.note("two workers restarted in turn", load, missing)
    assert (load.refusals, missing) == ([], [])
    assert taken_and_cut_off(load, found) == [], gateway.complained
