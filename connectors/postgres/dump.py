"""PostgreSQL's own pg_dump and pg_restore: which of them fits a server, and running it."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from connectors.postgres.server import PROGRAMS
from gateway.errors import CannotProceed
from gateway.settings import environment_with

_TABLE: Final = ('dumping contents of table "', 'processing data for table "')
"""How the programs say which table they are at."""


class DumpFailed(CannotProceed):
    """One of PostgreSQL's programs did not do its work; the message says how far it came."""


def program(name: str, *, server: int, folder: Path | None) -> Path:
    """Return one of PostgreSQL's programs that fits a server of this release: the operator's, or a packaged one.

    Of the packaged ones the oldest that fits: a newer one writes what an older server cannot read.

    Raises:
        DumpFailed: There is none.
    """
    fitting = [PROGRAMS[release] for release in sorted(PROGRAMS) if release >= server]
    for place in [folder] if folder is not None else fitting[:1]:
        if (place / name).is_file():
            return place / name
    raise DumpFailed(
        f"There is no {name} here for PostgreSQL {server}: name the folder that has it in GATEWAY_POSTGRES_PROGRAMS.",
        reason="postgres-programs",
    )


async def run_program(
    path: Path, *arguments: str, url: str, sizes: Mapping[str, int], advance: Callable[[int], None]
) -> None:
    """Run a program on a database to its end; `advance` is called with the bytes of each table that is done.

    Raises:
        DumpFailed: It ended with an error.
    """
    address, password = _parted(url)
    running = await asyncio.create_subprocess_exec(
        str(path),
        "--verbose",
        f"--dbname={address}",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        # Its words are read here, and a password has no place in the list of processes.
        env=environment_with({"LC_ALL": "C", **({} if password is None else {"PGPASSWORD": password})}),
    )
    try:
        why = "" if running.stderr is None else await _followed(running.stderr, sizes, advance)
        if await running.wait():
            raise DumpFailed(f"{path.name} ended with {running.returncode} {why}.", reason=path.name)
    finally:
        if running.returncode is None:
            running.terminate()
            await running.wait()


async def _followed(words: asyncio.StreamReader, sizes: Mapping[str, int], advance: Callable[[int], None]) -> str:
    """Read what the program says to its end, and return where it was, for the case that it failed."""
    why, table = "without a word", ""
    async for raw in words:
        said = raw.decode(errors="replace").rstrip()
        found = next((said.partition(before)[2] for before in _TABLE if before in said), "")
        if found:
            advance(sizes.get(table, 0))
            table = found.rstrip('"').rpartition(".")[2].strip('"')
            # From here on its words may be those of records.
            why = f"at or after the table {table}"
        elif "error:" in said and not table:
            why = f"before any table: {said}"
    advance(sizes.get(table, 0))
    return why


def _parted(url: str) -> tuple[str, str | None]:
    """Return a URL without its password, and the password."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    password = asked.pop("password", None)
    login, at, host = parts.netloc.rpartition("@")
    user, colon, secret = login.partition(":")
    if colon:
        password = unquote(secret)
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}", query=urlencode(asked))), password
