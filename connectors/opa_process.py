"""An OPA server of one's own, for as long as an author's command runs; production has its own beside the gateway."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from connectors.opa_command import OpaFailed
from connectors.opa_serving import QUICK, ROOMY
from connectors.rule_set import RuleSet

START_TIMEOUT = 20.0
_PAUSE = 0.02


@asynccontextmanager
async def opa_process(opa: str, rules: RuleSet) -> AsyncIterator[str]:
    """Serve a rule set on a free port of the loopback interface; yields the URL.

    Raises:
        OpaFailed: The server does not start, or does not take the rules.
    """
    with TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.tar.gz"
        bundle.write_bytes(rules.bundle())
        port = _free_port()
        server = await asyncio.create_subprocess_exec(
            *(*ROOMY, opa, "run", "--server", "--addr", f"127.0.0.1:{port}", *QUICK, "--skip-version-check"),
            *("--log-level", "error", "--log-format", "text", "--bundle", str(bundle)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await _wait_until_healthy(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            if server.returncode is None:
                server.terminate()
            await server.communicate()


async def _wait_until_healthy(url: str, server: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT), httpx.AsyncClient() as client:
            while server.returncode is None:
                try:
                    if (await client.get(f"{url}/health")).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(_PAUSE)
    except TimeoutError as error:
        raise OpaFailed(f"opa did not serve within {START_TIMEOUT:g} s") from error
    said = "" if server.stderr is None else (await server.stderr.read()).decode()
    raise OpaFailed(said.strip() or "opa ended before it served")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
