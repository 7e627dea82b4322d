"""`gateway ledger verify` finds each manipulation, planted in a real PostgreSQL by a superuser with triggers off.

Some are careless; others have hashes, numbers, index and tiles made to fit, and what is left to find them by are
signatures, or a checkpoint that somebody else keeps.
"""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from connectors.checkpoint_keys import write_key
from connectors.development_keys import development_ledger_key
from connectors.postgres.checkpoints import PostgresCheckpoints
from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_check import LedgerCheck
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.ledger import ledger_app
from gateway.cli.main import app
from gateway.ledger.canonical import leaf_hash, prepare
from gateway.ledger.checkpoint import Checkpoint, read_checkpoint
from gateway.ledger.master_key import MasterKey
from gateway.ledger.notes import KeyKind, SigningKey
from gateway.ledger.reading import Damage
from gateway.ledger.sealing import COMMITTING, NOBODY
from gateway.ledger.verification import EXIT_CODES, Trouble
from tests.ledger.entries import BEN, NOON, a_caller, a_masked_involvement, a_record, an_entry
from tests.ledger.tampering import Tampering
from tests.support.ledger_tree import ORIGIN, Administrator, Signing, a_log_key
from tests.support.postgres import fresh_database

SIGNED = (100, 300, 600)
"""Sizes of the checkpoints; the last one leaves two full tiles and a part of one."""
SIZE = SIGNED[-1]
KEY, OTHER_KEY = a_log_key(), a_log_key()
WITNESS = SigningKey.new("directory-gateway/E08000006/witness", KeyKind.WITNESS)


@pytest.fixture(scope="module")
async def signed(postgres, tmp_path_factory):
    """The URL of a signed and cosigned ledger of 600 entries, to be copied, and a folder with its keys."""
    folder = tmp_path_factory.mktemp("signed")
    write_key(folder / "log.key", KEY)
    keys = SealingKeys(MasterKey(development_ledger_key(folder).read_bytes()))
    async with fresh_database(postgres) as url:
        store, signing = PostgresLedgerStore(url, keys=keys, timeout=20), Signing(url, KEY)
        entries = [
            an_entry(
                request_id=f"request-{number}",
                at=NOON - timedelta(days=30) + timedelta(minutes=number),
                caller=a_caller(person=f"practitioner-{number % 7}"),
                records=(a_record(), a_masked_involvement()) if number % 3 else (a_record(BEN),),
            )
            for number in range(SIZE)
        ]
        for first, end in zip((0, *SIGNED), SIGNED, strict=False):
            for begin in range(first, end, 100):
                await store.append([prepare(entry) for entry in entries[begin : begin + 100]])
            await signing.sign()
        await cosign(signing.store, url)
        await store.close()
        await signing.store.close()
        yield url, folder


async def cosign(store: PostgresCheckpoints, url, witness=WITNESS):
    connection = await asyncpg.connect(url)
    row = await connection.fetchrow("SELECT id, note FROM ledger_checkpoint ORDER BY id DESC LIMIT 1")
    await connection.close()
    text = read_checkpoint(row["note"])[1].text
    await store.keep_cosignature(row["id"], witness.verifier, witness.cosign(text, at=int(NOON.timestamp())))


@pytest.fixture
async def ledger_url(postgres, signed):
    async with fresh_database(postgres, template=urlsplit(signed[0]).path[1:]) as url:
        yield url


@pytest.fixture
def ledger(ledger_url, signed, monkeypatch):
    """What runs a command on a copy of the signed ledger."""
    for name, value in {
        "ENV": "development", "DATABASE_URL": ledger_url, "DATA_DIR": signed[1],
        "LEDGER_SIGNING_KEY_FILES": signed[1] / "log.key",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"GATEWAY_{name}", str(value))
    monkeypatch.delenv("GATEWAY_LEDGER_WITNESSES", raising=False)

    async def command(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, ledger_app, [*map(str, arguments)])

    return command


@pytest.fixture
async def administrator(ledger_url):
    administrator = await Administrator.of(ledger_url)
    yield Tampering(administrator)
    await administrator.leave()


@pytest.fixture
async def kept(ledger, tmp_path):
    """A file with the newest checkpoint, kept by somebody else before anything happens."""
    file = tmp_path / "kept.txt"
    file.write_text((await ledger("checkpoint")).stdout)
    return file


def found(checked, trouble, *words):
    """Assert that a command found this first."""
    assert checked.stdout.startswith(f"{trouble}: "), checked.output
    assert checked.exit_code == EXIT_CODES[trouble]
    for word in words:
        assert word in checked.stdout.splitlines()[0], checked.stdout


def clean(checked):
    assert (checked.exit_code, checked.stdout) == (0, "Nothing found.\n"), checked.output


async def test_a_whole_ledger_verifies(ledger, kept):
    clean(await ledger("verify", "--checkpoint", kept, "--witness", WITNESS.verifier))


async def test_a_whole_ledger_verifies_by_several_processes(ledger, kept):
    clean(await ledger("verify", "--processes", 2, "--checkpoint", kept))


async def test_a_ledger_that_grows_meanwhile_raises_no_alarm(ledger_url, signed):
    database = await Database.open(ledger_url, pool_min=1, pool_max=2, timeout=20)
    check = LedgerCheck(database, origin=ORIGIN, keys=[KEY.verifier], witnesses=[])

    scale = await check.scale()
    keys = SealingKeys(MasterKey(development_ledger_key(signed[1]).read_bytes()))
    store, signing = PostgresLedgerStore(ledger_url, keys=keys, timeout=20), Signing(ledger_url, KEY)
    for _ in range(3):
        await store.append([prepare(an_entry(at=NOON - timedelta(days=9))) for _ in range(100)])
        await signing.sign()
    await store.close()
    await signing.store.close()
    await check.run(scale, workers=None, advance=lambda _: None)

    await database.close()
    assert check.verification.findings == ()
    assert scale.entries == SIZE


async def test_an_empty_ledger_verifies(database_url, ledger, monkeypatch):
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)

    clean(await ledger("verify"))


CARELESS = {
    "edit": ("UPDATE ledger_entry SET entry = replace(entry, 'health-practitioner', 'gp') WHERE seq = 400",
             Trouble.HASH_MISMATCH, "Entry 400"),
    "emptied": ("UPDATE ledger_entry SET entry = '{}', leaf_hash = sha256('\\x007b7d') WHERE seq = 400",
                Trouble.MISNUMBERED, "400"),
    "broken": ("UPDATE ledger_entry SET entry = '{', leaf_hash = sha256('\\x007b') WHERE seq = 400",
               Trouble.MALFORMED, "400"),
    "deletion": ("DELETE FROM ledger_entry WHERE seq = 400", Trouble.GAP, "Entry 400"),
    "first-deleted": ("DELETE FROM ledger_entry WHERE seq = 0", Trouble.GAP, "Entry 0"),
    "renumbered": ("UPDATE ledger_entry SET seq = 700 WHERE seq = 400", Trouble.GAP, "Entry 400"),
    "index-person": ("UPDATE ledger_entry SET person = 'somebody-else' WHERE seq = 400",
                     Trouble.INDEX_DISAGREES, "entry 400"),
    "index-time": ("UPDATE ledger_entry SET at = at - interval '1 day' WHERE seq = 400",
                   Trouble.INDEX_DISAGREES, "entry 400"),
    "child-row-deleted": ("DELETE FROM ledger_child WHERE seq = 400", Trouble.INDEX_DISAGREES, "entry 400"),
    "child-row-edited": ("UPDATE ledger_child SET told = '{}' WHERE seq = 400", Trouble.INDEX_DISAGREES, "entry 400"),
    "child-row-added": ("INSERT INTO ledger_child SELECT tag, 400, told, withheld FROM ledger_child WHERE seq = 402",
                        Trouble.INDEX_DISAGREES, "entry 400"),
    "tail-cut-but-for-the-index": ("DELETE FROM ledger_entry WHERE seq >= 590", Trouble.INDEX_DISAGREES, "590"),
    "tile-edited": ("UPDATE ledger_tile SET hashes = overlay(hashes PLACING sha256('') FROM 10 * 32 + 1) "
                    "WHERE index = 1", Trouble.TILE_DISAGREES, "entry 266"),
    "tile-root-edited": ("UPDATE ledger_tile SET root = sha256('') WHERE index = 1", Trouble.TILE_DISAGREES, "256"),
    "tile-deleted": ("DELETE FROM ledger_tile WHERE index = 1", Trouble.TILE_DISAGREES, "256"),
    "checkpoint-altered": ("UPDATE ledger_checkpoint SET note = replace(note, E'\\n300\\n', E'\\n301\\n') "
                           "WHERE size = 300", Trouble.BAD_SIGNATURE, "301"),
    "checkpoint-broken": ("UPDATE ledger_checkpoint SET note = 'x' WHERE size = 300", Trouble.BAD_CHECKPOINT, "read"),
    "checkpoint-misfiled": ("UPDATE ledger_checkpoint SET size = 301 WHERE size = 300",
                            Trouble.BAD_CHECKPOINT, "filed"),
    "checkpoints-deleted": ("DELETE FROM ledger_checkpoint WHERE size > 100", Trouble.UNSIGNED, "from 100 on"),
    "all-checkpoints-deleted": ("DELETE FROM ledger_checkpoint", Trouble.UNSIGNED, "from 0 on"),
    "head-replayed": ("INSERT INTO ledger_checkpoint (size, root, note) SELECT size, root, note "
                      "FROM ledger_checkpoint WHERE size = 100", Trouble.REPLAYED_HEAD, "after one over 600"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "trouble", "words"), CARELESS.values(), ids=CARELESS)
async def test_careless_tampering_is_found_in_the_database_alone(ledger, administrator, statement, trouble, words):
    await administrator.does("DELETE FROM ledger_cosignature")  # it refers to a checkpoint
    if trouble is Trouble.UNSIGNED:
        await administrator.connection.execute("DELETE FROM ledger_tile WHERE index >= 0")
    await administrator.does(statement)

    checked = await ledger("verify")

    if trouble is Trouble.UNSIGNED:
        # Where the tiles went as well; had they stayed, they would be the first to tell.
        assert f"{trouble}: " in checked.stdout
        assert words in checked.stdout
    else:
        found(checked, trouble, words)


def edited(documents):
    documents[400]["outcome"]["status"] = "refused"


def deleted(documents):
    del documents[400]


def reordered(documents):
    documents[400], documents[401] = documents[401], documents[400]


def doubled(documents):
    documents.insert(400, documents[400])


@pytest.mark.parametrize("tamper", [edited, reordered, doubled])
async def test_tampering_with_hashes_index_and_tiles_made_to_fit_is_found_by_the_signatures(
    ledger, administrator, tamper
):
    documents = await administrator.documents()
    tamper(documents)
    await administrator.replace_entries(documents)

    # The head over 300 still fits, the one over 600 does not: between them is where to look.
    found(await ledger("verify"), Trouble.TREE_DISAGREES, "first 600 entries", "from entry 300 to 599")


async def test_an_entry_taken_out_of_the_middle_with_everything_made_to_fit_is_missed_in_the_count(
    ledger, administrator
):
    documents = await administrator.documents()
    deleted(documents)
    await administrator.replace_entries(documents)

    found(await ledger("verify"), Trouble.TAIL_CUT, "600 entries were signed", "from 300 on were taken out")


async def test_a_swapped_key_is_found(ledger, administrator):
    documents = await administrator.documents()
    edited(documents)
    await administrator.sign_again(await administrator.replace_entries(documents), OTHER_KEY)

    found(await ledger("verify"), Trouble.UNKNOWN_KEY, "swapped")


async def test_two_histories_signed_with_a_stolen_key_are_a_fork(ledger, administrator):
    documents = await administrator.documents()
    documents[50]["outcome"]["status"] = "refused"
    leaves = await administrator.replace_entries(documents)
    await administrator.connection.execute("DELETE FROM ledger_cosignature")
    await administrator.does("DELETE FROM ledger_checkpoint WHERE size > 100")
    await administrator.add_checkpoint(leaves, KEY)

    found(await ledger("verify"), Trouble.FORK, "two histories of the first 100 entries")


async def test_a_history_signed_anew_with_the_stolen_key_is_found_by_who_kept_a_checkpoint(ledger, administrator, kept):
    documents = await administrator.documents()
    edited(documents)
    await administrator.sign_again(await administrator.replace_entries(documents), KEY)

    clean(await ledger("verify"))
    found(await ledger("verify", "--checkpoint", kept), Trouble.FORK, "kept.txt")


async def test_a_tail_cut_with_everything_that_speaks_of_it_is_found_by_who_kept_a_checkpoint(
    ledger, administrator, kept
):
    for statement in (
        "DELETE FROM ledger_cosignature",
        "DELETE FROM ledger_checkpoint WHERE size > 300",
        "DELETE FROM ledger_tile WHERE index > 0",
        "DELETE FROM ledger_child WHERE seq >= 300",
        "DELETE FROM ledger_entry WHERE seq >= 300",
    ):
        await administrator.does(statement)

    clean(await ledger("verify"))
    found(await ledger("verify", "--checkpoint", kept), Trouble.TAIL_CUT, "600 entries were signed", "before 300")


async def test_a_tail_cut_under_its_checkpoint_is_found(ledger, administrator):
    await administrator.does("DELETE FROM ledger_child WHERE seq >= 590")
    await administrator.does("DELETE FROM ledger_entry WHERE seq >= 590")

    found(await ledger("verify"), Trouble.TAIL_CUT, "before 590")


async def test_an_old_head_is_found_by_who_kept_a_newer_one(ledger, administrator, kept):
    await administrator.does("DELETE FROM ledger_cosignature")
    await administrator.does("DELETE FROM ledger_checkpoint WHERE size > 300")
    await administrator.does("DELETE FROM ledger_tile WHERE index > 0")

    checked = await ledger("verify", "--checkpoint", kept)

    assert "replayed-head: The newest checkpoint in the database is over 300 entries, and kept.txt over 600" in (
        checked.stdout
    )


async def test_a_cosignature_that_is_missing_or_false_is_found(ledger, administrator):
    false = WITNESS.cosign(Checkpoint(origin=ORIGIN, size=1, root=bytes(32)).text, at=1).line
    await administrator.does("UPDATE ledger_cosignature SET line = $1", false)
    found(await ledger("verify", "--witness", WITNESS.verifier), Trouble.NOT_COSIGNED, "false")

    await administrator.does("DELETE FROM ledger_cosignature")
    found(await ledger("verify", "--witness", WITNESS.verifier), Trouble.NOT_COSIGNED, "No checkpoint")


@pytest.fixture
async def export(ledger, tmp_path):
    """An export, and what checks one without a database."""
    file = tmp_path / "ledger.jsonl"
    assert (await ledger("export", "-o", file)).exit_code == 0
    return file


async def offline(ledger, monkeypatch, file, *arguments):
    with monkeypatch.context() as alone:
        alone.setenv("GATEWAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        alone.setenv("GATEWAY_ENV", "production")
        return await ledger("verify", file, "--key", KEY.verifier, *arguments)


async def test_an_export_verifies_with_nothing_but_the_keys(ledger, export, kept, monkeypatch):
    clean(await offline(ledger, monkeypatch, export, "--witness", WITNESS.verifier, "--checkpoint", kept))
    assert {path.name for path in export.parent.iterdir()} == {"ledger.jsonl", "kept.txt"}


async def test_an_export_holds_each_entry_with_its_own_bytes(export):
    header, *lines = export.read_bytes().splitlines()

    assert orjson.loads(header)["end"] == len(lines) == SIZE
    for seq, line in enumerate(lines):
        exported = orjson.loads(line)
        assert exported["seq"] == exported["entry"]["seq"] == seq
        canonical = orjson.dumps(exported["entry"], option=orjson.OPT_SORT_KEYS)
        assert leaf_hash(canonical).hex() == exported["leaf_hash"]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 1), (0, 299), (255, 256), (300, 599), (599, 599), (17, 512)])
async def test_any_stretch_verifies_by_itself(ledger, tmp_path, monkeypatch, first, last):
    file = tmp_path / "stretch.jsonl"
    await ledger("export", "-o", file, "--from", first, "--to", last)

    clean(await offline(ledger, monkeypatch, file))
    lines = file.read_bytes().splitlines(keepends=True)
    assert len(lines) == last - first + 2
    file.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b'"status":"answered"', b'"status":"refused_"')]))
    found(await offline(ledger, monkeypatch, file), Trouble.HASH_MISMATCH, f"Entry {last}")


async def test_an_export_beyond_the_head_is_empty(ledger):
    assert (await ledger("export", "--from", SIZE)).stdout_bytes == b""


async def test_an_export_needs_a_key(ledger, export):
    assert (await ledger("verify", export)).exit_code == 2


def with_hash(line):
    """The line with the hash that fits its entry."""
    document = orjson.loads(line)
    entry = orjson.dumps(document["entry"], option=orjson.OPT_SORT_KEYS)
    return b'{"seq":%d,"leaf_hash":"%s","entry":%s}\n' % (document["seq"], leaf_hash(entry).hex().encode(), entry)


def numbered(line, seq):
    document = orjson.loads(line)
    return with_hash(orjson.dumps(document | {"seq": seq, "entry": document["entry"] | {"seq": seq}}))


def header_of(lines, **changed):
    return orjson.dumps(orjson.loads(lines[0]) | changed) + b"\n"


def signed_by(key, lines):
    checkpoint, _ = read_checkpoint(orjson.loads(lines[0])["checkpoint"])
    return str(checkpoint.signed([key]))


TAMPERED_EXPORTS = {
    "edit": (lambda x: [*x[:401], x[401].replace(b"practitioner-1", b"practitioner-2"), *x[402:]],
             Trouble.HASH_MISMATCH, "Entry 400"),
    "edit-with-hash": (lambda x: [*x[:401], with_hash(x[401].replace(b"practitioner-1", b"practitioner-2")), *x[402:]],
                       Trouble.TREE_DISAGREES, "600"),
    "deletion": (lambda x: [*x[:401], *x[402:]], Trouble.GAP, "Entry 400"),
    "deletion-renumbered": (lambda x: [*x[:401], *(numbered(line, 400 + n) for n, line in enumerate(x[402:]))],
                            Trouble.TAIL_CUT, "599"),
    "duplicate": (lambda x: [*x[:402], *x[401:]], Trouble.DUPLICATE, "Entry 400"),
    "reordering": (lambda x: [*x[:401], x[402], x[401], *x[403:]], Trouble.GAP, "Entry 400"),
    "reordering-renumbered": (lambda x: [*x[:401], numbered(x[402], 400), numbered(x[401], 401), *x[403:]],
                              Trouble.TREE_DISAGREES, "600"),
    "cut": (lambda x: x[:-7], Trouble.TAIL_CUT, "before 593"),
    "cut-with-its-header": (lambda x: [header_of(x, end=593), *x[1:-7]], None, ""),
    "wrong-key": (lambda x: [header_of(x, checkpoint=signed_by(OTHER_KEY, x)), *x[1:]], Trouble.UNKNOWN_KEY, "swapped"),
    "altered-note": (lambda x: [x[0].replace(b"\\n600\\n", b"\\n601\\n"), *x[1:]], Trouble.BAD_SIGNATURE, "601"),
    "no-header": (lambda x: x[1:], Trouble.UNSIGNED, "no checkpoint"),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "trouble", "words"), TAMPERED_EXPORTS.values(), ids=TAMPERED_EXPORTS)
async def test_a_tampered_export_is_found_out(ledger, export, monkeypatch, tamper, trouble, words):
    export.write_bytes(b"".join(tamper(export.read_bytes().splitlines(keepends=True))))

    checked = await offline(ledger, monkeypatch, export)

    if trouble is None:
        assert checked.exit_code == 2  # the hashes to the right are not those of the stretch it says it is
    else:
        found(checked, trouble, words)


async def test_an_export_of_an_old_head_is_found_by_who_kept_a_newer_one(
    ledger, administrator, kept, tmp_path, monkeypatch
):
    await administrator.does("DELETE FROM ledger_cosignature")
    await administrator.does("DELETE FROM ledger_checkpoint WHERE size > 300")
    await ledger("export", "-o", tmp_path / "old.jsonl")

    clean(await offline(ledger, monkeypatch, tmp_path / "old.jsonl"))
    checked = await offline(ledger, monkeypatch, tmp_path / "old.jsonl", "--checkpoint", kept)

    found(checked, Trouble.REPLAYED_HEAD, "over 300", "over 600")


async def test_an_export_of_a_fork_is_found_by_who_kept_a_checkpoint(
    ledger, administrator, kept, tmp_path, monkeypatch
):
    documents = await administrator.documents()
    edited(documents)
    await administrator.sign_again(await administrator.replace_entries(documents), KEY)
    await ledger("export", "-o", tmp_path / "fork.jsonl")

    checked = await offline(ledger, monkeypatch, tmp_path / "fork.jsonl", "--checkpoint", kept)

    found(checked, Trouble.FORK, "kept.txt")


async def test_an_export_without_the_cosignature_is_found(ledger, administrator, tmp_path, monkeypatch):
    await administrator.does("DELETE FROM ledger_cosignature")
    await ledger("export", "-o", tmp_path / "alone.jsonl")

    checked = await offline(ledger, monkeypatch, tmp_path / "alone.jsonl", "--witness", WITNESS.verifier)

    found(checked, Trouble.NOT_COSIGNED, WITNESS.verifier.name)


async def test_a_file_that_is_no_export_is_refused(ledger, tmp_path):
    file = tmp_path / "ledger.jsonl"
    for content in ("no export\n", '{"export":1}\n', '{"export":2,"first":0}\n'):
        file.write_text(content)

        assert (await ledger("verify", file, "--key", KEY.verifier)).exit_code == 2


async def test_an_entry_is_proved(ledger):
    proof = orjson.loads((await ledger("prove", 400, "--json")).stdout)

    assert (proof["seq"], proof["size"]) == (400, SIZE)
    assert "is in the tree of 600 entries" in (await ledger("prove", 400)).stdout
    assert (await ledger("prove", SIZE)).exit_code == 4


async def test_an_edited_entry_cannot_be_proved(ledger, administrator):
    await administrator.does("UPDATE ledger_entry SET entry = replace(entry, 'health', 'other') WHERE seq = 400")

    assert (await ledger("prove", 400)).exit_code == EXIT_CODES[Trouble.TREE_DISAGREES]


async def test_the_newest_checkpoint_continues_what_was_kept(ledger, administrator, kept, tmp_path):
    older = tmp_path / "older.txt"
    older.write_text(await administrator.connection.fetchval("SELECT note FROM ledger_checkpoint WHERE size = 300"))

    shown = await ledger("checkpoint", "--since", older)

    assert shown.exit_code == 0
    assert shown.stdout.startswith(kept.read_text())
    assert "continues the 300 entries of older.txt" in shown.stdout


async def test_a_checkpoint_that_does_not_continue_what_was_kept_is_found(ledger, administrator, kept):
    documents = await administrator.documents()
    edited(documents)
    await administrator.sign_again(await administrator.replace_entries(documents), KEY)
    assert (await ledger("checkpoint", "--since", kept)).exit_code == EXIT_CODES[Trouble.TREE_DISAGREES]

    await administrator.does("DELETE FROM ledger_checkpoint WHERE size > 300")
    assert (await ledger("checkpoint", "--since", kept)).exit_code == EXIT_CODES[Trouble.TAIL_CUT]


async def test_an_export_is_compared_with_the_database_and_with_another(ledger, administrator, export, tmp_path):
    stretch = tmp_path / "stretch.jsonl"
    await ledger("export", "-o", stretch, "--from", 10, "--to", 19)

    alike = await ledger("import-check", export)
    within = await ledger("import-check", stretch, "--against", export)
    await administrator.does("DELETE FROM ledger_entry WHERE seq >= 590")
    shorter = await ledger("import-check", export)
    await administrator.does("UPDATE ledger_entry SET leaf_hash = sha256('') WHERE seq = 400")
    parted = await ledger("import-check", export)

    assert (alike.exit_code, alike.stdout) == (0, "All 600 entries that both hold are alike.\n")
    assert within.exit_code == 0
    assert "All 10 entries" in within.stdout
    found(shorter, Trouble.TAIL_CUT, "last 10 entries")
    found(parted, Trouble.FORK, "entry 400")


async def test_copies_with_nothing_in_common_are_not_called_alike(ledger, tmp_path):
    await ledger("export", "-o", tmp_path / "a.jsonl", "--to", 9)
    await ledger("export", "-o", tmp_path / "b.jsonl", "--from", 20)

    assert (await ledger("import-check", tmp_path / "a.jsonl", "--against", tmp_path / "b.jsonl")).exit_code == 5


async def test_a_key_file_is_made_for_its_owner_alone(ledger, tmp_path):
    file = tmp_path / "new.key"

    made = await ledger("key", "new", file)
    again = await ledger("key", "new", file)

    assert made.stdout == (await ledger("key", "show", file)).stdout
    assert made.stdout.startswith(f"{ORIGIN}+")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (again.exit_code, again.stdout) == (2, "")
    assert SigningKey.parse(file.read_text()).verifier.kind is KeyKind.LOG


def test_each_finding_has_an_exit_code_of_its_own():
    assert EXIT_CODES.keys() == set(Trouble)
    assert len({*EXIT_CODES.values(), 0, 1, 2, 3, 4, 5}) == len(Trouble) + 6
    assert {damage.value for damage in Damage} <= {trouble.value for trouble in Trouble}


LATEST_KEY = "SELECT child_id FROM ledger_key WHERE child_id IS NOT NULL ORDER BY child_id DESC LIMIT 1"


async def change_keys(url, statement, child=None):
    """Change the keys' table as somebody may who owns it: the key of one child, any if none is named."""
    connection = await asyncpg.connect(url)
    wanted = child or await connection.fetchval(LATEST_KEY)
    assert await connection.execute(statement, wanted) in ("DELETE 1", "UPDATE 1")
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_key WHERE child_id = $1",
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now() WHERE child_id = $1",
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now(), destroyed_by = 7 "
        "WHERE child_id = $1",
    ],
    ids=["gone", "destroyed without a word", "destroyed by an entry that does not say so"],
)
async def test_a_key_that_no_entry_says_was_destroyed_is_missed(ledger, ledger_url, statement):
    await change_keys(ledger_url, statement)

    found(await ledger("verify"), Trouble.KEY_LOST, "no entry says why")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_key SET child_id = gen_random_uuid() WHERE child_id = $1",
        "UPDATE ledger_key SET year = year - 1 WHERE child_id = $1",
        "UPDATE ledger_key SET wrapped = set_byte(wrapped, 20, (get_byte(wrapped, 20) + 1) % 256) WHERE child_id = $1",
    ],
    ids=["another child", "another year", "another key"],
)
async def test_a_key_that_was_changed_or_moved_to_hide_a_childs_entries_is_found(ledger, ledger_url, statement):
    await change_keys(ledger_url, statement)

    found(await ledger("verify"), Trouble.KEY_CHANGED, "filed under another child")


async def test_the_key_of_what_is_about_no_child_is_missed(ledger, ledger_url, signed):
    store = PostgresLedgerStore(
        ledger_url, keys=SealingKeys(MasterKey(development_ledger_key(signed[1]).read_bytes())), timeout=20
    )
    await store.append([prepare(an_entry(records=()))])
    await store.close()
    signing = Signing(ledger_url, KEY)
    await signing.sign()
    await signing.store.close()
    clean(await ledger("verify"))
    await change_keys(ledger_url, "DELETE FROM ledger_key WHERE child_id = $1", NOBODY)

    found(await ledger("verify"), Trouble.KEY_LOST, "asks that touched no child")


async def test_without_the_master_key_the_rest_is_verified_and_that_is_said(ledger, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))

    checked = await ledger("verify")

    clean(checked)
    assert "no master key" in checked.stderr
    assert not (tmp_path / "ledger.key").exists()


async def erase_all(url):
    """Erase all children of a ledger by command; return the tags."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT child_id, tag FROM ledger_key WHERE child_id > $1", COMMITTING)
    await connection.close()
    words = ["erase", *(str(row["child_id"]) for row in rows), "--reason", "Retention ended", "--yes"]
    erased = await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *words])
    assert erased.exit_code == 0, erased.output
    return [row["tag"] for row in rows]


async def test_an_erasure_that_an_entry_tells_of_is_no_finding(ledger, ledger_url):
    await erase_all(ledger_url)
    signing = Signing(ledger_url, KEY)
    await signing.sign()
    await signing.store.close()

    clean(await ledger("verify"))


async def test_a_key_that_is_still_there_though_an_entry_says_it_was_destroyed_is_found(ledger, ledger_url):
    connection = await asyncpg.connect(ledger_url)
    before = await connection.fetch("SELECT * FROM ledger_key WHERE child_id > $1", COMMITTING)
    tags = await erase_all(ledger_url)
    for row in before:
        await connection.execute(
            "UPDATE ledger_key SET wrapped = $2, child_id = $3, destroyed_at = NULL, destroyed_by = NULL "
            "WHERE tag = $1",
            row["tag"],
            row["wrapped"],
            row["child_id"],
        )
    await connection.close()

    checked = await ledger("verify")

    assert f"({len(tags)} keys)" in checked.stdout
    assert "erasure-unfinished" in checked.stdout
