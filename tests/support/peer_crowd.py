"""Many members behind a bad network, held by a few processes of their own.

A hundred and fifty members in the process that asks them would measure themselves.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import orjson

from tests.support.faulty_proxy import ANSWER, Fault
from tests.support.federation import Enrolled, enrolled

BROKEN = (
    Fault.HANG, Fault.HANG_BEFORE_TLS, Fault.RESET, Fault.TRICKLE, Fault.LIE_ABOUT_LENGTH, Fault.SHORT_LENGTH,
    Fault.BAD_CHUNKS, Fault.ENDLESS_HEAD, Fault.GARBAGE, Fault.NO_JSON, Fault.FLOOD, Fault.CUT, Fault.REDIRECT,
    "nobody-listens", "expired-certificate",
)  # fmt: skip
"""What is wrong with those that are broken, in turn."""


@dataclass(kw_only=True)
class Crowd:
    """The members, and what is wrong with each that is broken."""

    members: list[Enrolled]
    broken: dict[str, str]

    @property
    def codes(self):
        return [one.member.authority for one in self.members]


@asynccontextmanager
async def a_crowd(folder, count, *, broken=0, processes=3, answer=ANSWER, delays=None):
    """Members of which every so many are broken; each of the others answers after its delay."""
    crowd = Crowd(members=[enrolled(folder, f"E06{number:06}") for number in range(1, count + 1)], broken={})
    jobs = []
    for number, one in enumerate(crowd.members):
        if (number + 1) * broken // count > number * broken // count:
            crowd.broken[one.member.authority] = str(BROKEN[len(crowd.broken) % len(BROKEN)])
        fault = crowd.broken.get(one.member.authority, Fault.NONE)
        if fault == "expired-certificate":
            one.renew(at=datetime.now(UTC) - timedelta(days=400))
        jobs.append(
            [str(one.folder), fault if fault in frozenset(Fault) else Fault.NONE, (delays or {}).get(number, 0)]
        )
    async with AsyncExitStack() as stack:
        shares = [slice(share, None, processes) for share in range(processes)]
        held = await asyncio.gather(
            *(stack.enter_async_context(_a_process(jobs[share], answer)) for share in shares)
        )  # fmt: skip
        for share, ports in zip(shares, held, strict=True):
            for one, port in zip(crowd.members[share], ports, strict=True):
                absent = crowd.broken.get(one.member.authority) == "nobody-listens"
                one.member = replace(one.member, endpoints=(f"https://127.0.0.1:{1 if absent else port}",))
        yield crowd


@asynccontextmanager
async def _a_process(jobs, answer):
    command = [sys.executable, "-m", "tests.support.peer_process"]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        process.stdin.write(orjson.dumps({"answer": answer.decode(), "members": jobs}) + b"\n")
        yield orjson.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()
