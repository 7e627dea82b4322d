"""The local authorities of England: the register that child and setting rows point to."""

import csv
from collections.abc import Collection
from functools import cache
from pathlib import Path

from connectors.postgres.database import Connection

PACKAGED = Path(__file__).with_name("authorities.csv")
"""GSS code, three-digit code and name of every authority in being since May 2025.

Source: Department for Education and Office for National Statistics, Open Government Licence v3.0.
"""


@cache
def packaged() -> tuple[tuple[str, str, str], ...]:
    """Return (GSS code, three-digit code, name) of each authority."""
    with PACKAGED.open(encoding="utf-8", newline="") as file:
        return tuple((row["code"], row["legacy_code"], row["name"]) for row in csv.DictReader(file))


def gss_codes() -> dict[str, str]:
    """Return the GSS code of each three-digit code."""
    return {legacy: code for code, legacy, _ in packaged()}


async def ensure_authorities(connection: Connection, codes: Collection[str]) -> None:
    """Add the rows of the authorities that are not there yet; what is there stays as it is.

    A code that is not packaged, such as one of Wales, stands for its own name.
    """
    names = {code: (legacy, name) for code, legacy, name in packaged()}
    await connection.executemany(
        "INSERT INTO authority (code, legacy_code, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(code, *names.get(code, (None, code))) for code in sorted(codes)],
    )


async def held_authorities(connection: Connection) -> set[str]:
    """Return the GSS codes of the authorities that rows may point to."""
    return {row["code"] for row in await connection.fetch("SELECT code FROM authority")}
