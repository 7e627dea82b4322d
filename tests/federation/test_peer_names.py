"""Members' hosts are found without anybody waiting for a name server that is silent about another one."""

import asyncio
import socket
import threading

import pytest

from connectors.peer_names import KEPT, PeerNames


class NameServer:
    """Looks up as told; what it is told to be silent about waits until it is let go."""

    def __init__(self):
        self.silent = set()
        self.unknown = set()
        self.asked = []
        self.let_go = threading.Event()

    def __call__(self, host):
        self.asked.append(host)
        if host in self.silent:
            self.let_go.wait(20)
        if host in self.unknown:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))]


@pytest.fixture
def server():
    server = NameServer()
    yield server
    server.let_go.set()


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def names(server, now):
    return PeerNames(server, seconds=lambda: now[0])


async def address_of(names, host):
    return [found["host"] for found in await names.resolve(host, 443)]


async def test_a_host_is_found_while_a_hundred_others_are_not(names, server):
    server.silent = {f"silent-{number}.example" for number in range(100)}
    waiting = [asyncio.create_task(address_of(names, host)) for host in server.silent]
    found = await asyncio.wait_for(address_of(names, "well.example"), 10)
    local = await asyncio.wait_for(asyncio.to_thread(lambda: "done"), 10)
    server.let_go.set()
    await asyncio.gather(*waiting)

    assert found == ["192.0.2.7"]
    assert local == "done", "the threads of everything else are free"


async def test_a_host_is_looked_up_once_for_all_who_wait(names, server):
    server.silent = {"slow.example"}
    waiting = [asyncio.create_task(address_of(names, "slow.example")) for _ in range(20)]
    waiting[0].cancel()
    await asyncio.sleep(0)
    server.let_go.set()
    await asyncio.gather(*waiting[1:])

    assert server.asked == ["slow.example"]


async def test_a_known_host_is_used_while_it_is_looked_up_again_in_vain(names, server, now):
    await address_of(names, "well.example")
    now[0] += KEPT
    server.unknown = {"well.example"}

    assert await address_of(names, "well.example") == ["192.0.2.7"]
    assert len(server.asked) == 2


async def test_a_host_that_is_not_known_is_said_to_be_so_each_time(names, server):
    server.unknown = {"gone.example"}
    for _ in range(2):
        with pytest.raises(OSError, match="no such host"):
            await names.resolve("gone.example", 443)


async def test_what_is_no_name_of_a_host_is_not_found():
    with pytest.raises(OSError, match="no name"):
        await PeerNames().resolve("a" * 80 + ".example", 443)


async def test_the_system_is_asked_unless_told_otherwise():
    assert "127.0.0.1" in await address_of(PeerNames(), "localhost")
