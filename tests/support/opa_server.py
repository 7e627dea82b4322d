"""A real OPA server for tests, on a free port, with a rule set's own bundle."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from connectors.rule_set import RuleSet
from tests.support.processes import START_TIMEOUT, free_port
from tests.support.tools import opa_command


@contextmanager
def opa_server(rules: RuleSet, folder: Path, *, port: int = 0) -> Iterator[str]:
    """Serve the rule set until the block ends, on a free port unless one is given; yields the URL."""
    command = opa_command()
    bundle = folder / "bundle.tar.gz"
    bundle.write_bytes(rules.bundle())
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(  # noqa: S603 - the arguments are ours
        [command, "run", "--server", "--addr", f"127.0.0.1:{port}", "--skip-version-check", "--bundle", str(bundle)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait_until_healthy(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise TimeoutError("opa did not become healthy")
