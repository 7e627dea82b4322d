"""Builds one setup in a process of its own, from standard input; the parent is `connectors.locator.building`.

A setup of 131,072 words takes a core for about a quarter of a minute: no event loop may wait for that.
"""

import os
import sys

import orjson

from connectors.locator.psi import build


def main() -> None:
    """Read a key and words, and write the setup."""
    os.nice(10)
    asked = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(build(bytes.fromhex(asked["key"]), asked["words"]))


if __name__ == "__main__":
    main()
