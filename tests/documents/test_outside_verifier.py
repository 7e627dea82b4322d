"""The program that docs/ledger.md gives outsiders runs as it stands there, and finds what it says it finds."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.checkpoint_keys import write_key
from gateway.cli.ledger import ledger_app
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.notes import KeyKind, SigningKey
from tests.ledger.test_verify import cosign
from tests.support.ledger_tree import ORIGIN, Signing, a_log_key, add_entries, leaves_in, root_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ledger.md"
KEY, WITNESS = a_log_key(), SigningKey.new("directory-gateway/E08000006/witness", KeyKind.WITNESS)
SIZE = 300


def program():
    [code] = [
        block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL) if "verify(" in block
    ]
    return code


@pytest.fixture
async def export(database, database_url, tmp_path, monkeypatch):
    """What exports a stretch of a signed ledger of 300 entries, and returns its file."""
    write_key(tmp_path / "log.key", KEY)
    for name, value in {"ENV": "development", "DATABASE_URL": database_url, "DATA_DIR": tmp_path,
                        "LEDGER_SIGNING_KEY_FILES": tmp_path / "log.key"}.items():  # fmt: skip
        monkeypatch.setenv(f"GATEWAY_{name}", str(value))
    await add_entries(database, SIZE)
    signing = Signing(database_url, KEY)
    await signing.sign()
    await cosign(signing.store, database_url, WITNESS)
    await signing.store.close()

    async def exported(first, last):
        file = tmp_path / "ledger.jsonl"
        arguments = ["export", "--from", str(first), "--to", str(last), "-o", str(file)]
        assert (await asyncio.to_thread(CliRunner().invoke, ledger_app, arguments)).exit_code == 0
        return file

    return exported


def outside(file, *keys, kept=None):
    command = [sys.executable, "-", str(file), *(str(key.verifier) for key in keys)]
    command += [] if kept is None else [str(kept)]
    return subprocess.run(command, input=program(), capture_output=True, text=True, check=False)  # noqa: S603 - our own page


def test_it_is_a_hundred_lines_and_knows_nothing_of_the_gateway():
    code = program()

    assert len(code.splitlines()) <= 100
    assert re.findall(r"^(?:import|from) .*", code, flags=re.MULTILINE) == [
        "import base64, hashlib, json, sys",
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey",
    ]


@pytest.mark.parametrize(("first", "last"), [(0, SIZE - 1), (17, 256), (255, 255)])
async def test_it_verifies_an_export(export, first, last):
    done = outside(await export(first, last), KEY, WITNESS)

    assert done.stderr == ""
    assert done.stdout == f"Entries {first} to {last} are those that {KEY.verifier.name} signed in a tree of {SIZE}.\n"


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (lambda x: [*x[:5], x[5].replace(b'{"seq":4}', b'{"seq":4 }'), *x[6:]], "not those that were signed"),
        (lambda x: [*x[:5], *x[6:]], "Entry 4 is not where it should be"),
        (lambda x: x[:-2], "end before 298, and should end before 300"),
        (lambda x: [x[0].replace(b"\\n300\\n", b"\\n301\\n"), *x[1:]], "not signed by"),
    ],
    ids=["edit", "deletion", "cut", "other-checkpoint"],
)
async def test_it_finds_a_tampered_export(export, tamper, sentence):
    file = await export(0, SIZE - 1)
    file.write_bytes(b"".join(tamper(file.read_bytes().splitlines(keepends=True))))

    done = outside(file, KEY)

    assert done.returncode == 1
    assert sentence in done.stderr


async def test_it_finds_another_key(export):
    done = outside(await export(0, 9), a_log_key())

    assert (done.returncode, done.stderr) == (1, f"The checkpoint over {SIZE} is not signed by {KEY.verifier.name}.\n")


async def test_it_compares_a_checkpoint_that_was_kept(export, tmp_path, database):
    file, leaves = await export(0, SIZE - 1), await leaves_in(database)
    for name, kept in {"same": leaves[:200], "other": leaves[1:201], "longer": [*leaves, leaves[0]]}.items():
        checkpoint = Checkpoint(origin=ORIGIN, size=len(kept), root=root_of(kept))
        (tmp_path / f"{name}.txt").write_text(str(checkpoint.signed([KEY])))

    same, other, longer = (outside(file, KEY, kept=tmp_path / f"{name}.txt") for name in ("same", "other", "longer"))

    assert (same.returncode, same.stderr) == (0, "")
    assert other.stderr == "The first 200 entries are not those of the checkpoint that was kept.\n"
    assert longer.stderr == f"The checkpoint is of {ORIGIN}, over {SIZE}.\n"
