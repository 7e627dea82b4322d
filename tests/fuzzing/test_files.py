"""Files that are broken in any way: read, or refused with an error of ours that says nothing of their content."""

import json
import shutil
from base64 import urlsafe_b64decode
from contextlib import contextmanager
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.feeds.files import read_file
from connectors.feeds.load import load_patients, load_practices, load_schools
from connectors.feeds.outcome import FeedUnreadable
from connectors.postgres.database import Database
from connectors.registry import pinned_keys
from connectors.rule_set import RuleSet, RuleSetUnreadable
from connectors.rule_signature import RulesNotTrusted, new_key, read_signature, sign, verify_signature
from gateway.access_report.words import ENGLISH, Words, WordsUnreadable
from gateway.documents import DocumentsUnreadable, manifest_of, read_manifest
from gateway.federation.registry import REGISTRY_TYPE, RegistryRefused, join_request, read_join_request, read_registry
from gateway.federation.signed import public_set
from gateway.federation.signed import sign as signed
from gateway.ledger.archive import FORMAT, ArchiveDamaged, Manifest
from gateway.ledger.checkpoint import Checkpoint, hash_text, read_checkpoint
from gateway.ledger.export import ExportHeader, MalformedExport, header_line, line_of, read_export, read_header
from gateway.ledger.export_check import ExportCheck
from gateway.ledger.notes import MalformedNote
from gateway.settings import PACKAGED_POLICIES
from tests.feeds.patients import DATA, HOME, a_patient, a_practice, a_search_set
from tests.fuzzing.broken import broken_bytes, broken_json
from tests.ledger.entries import an_entry, stored
from tests.properties.profile import examples
from tests.support.federation import RegistryFile, enrolled
from tests.support.ledger_tree import ORIGIN, a_log_key
from tests.support.postgres import fresh_database

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PRACTICES = b"\n".join((DATA / "ods" / "epraccur_sample.csv").read_bytes().splitlines()[:6])
SCHOOLS = b"\n".join((DATA / "gias" / "edubasealldata_trafford.csv").read_bytes().splitlines()[:4])
LINKS = b"\n".join((DATA / "gias" / "links_edubasealldata_sample.csv").read_bytes().splitlines()[:4])
PATIENTS = a_search_set(
    a_patient(generalPractitioner=[a_practice("A12345", start="2020-01-01")]), timestamp="2026-11-01T10:00:00Z"
)
BROKEN_PATIENTS = broken_json(PATIENTS).map(lambda document: json.dumps(document).encode())
PRIVATE, PUBLIC = new_key()
KEY = a_log_key()
ROOT = bytes(32)
DOCUMENT = "query Me { me { role } }"


@pytest.fixture(scope="module")
async def loading(postgres):
    """A database that all files of the feeds are loaded into."""
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=20.0)
        yield database
        await database.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@contextmanager
def read_or(*refusals, without="\0"):
    """Whatever is read in the block is read, or refused by one of these errors, whose words are without some."""
    try:
        yield
    except refusals as refused:
        if without in str(refused):
            raise AssertionError(f"{refused} repeats what the file holds") from refused


def written(folder, content, name="file"):
    path = folder / name
    path.write_bytes(content)
    return path


@given(content=st.one_of(broken_bytes(json.dumps(PATIENTS).encode()), BROKEN_PATIENTS))
@examples(60)
async def test_an_answer_of_the_demographics_service(loading, folder, content):
    with read_or(FeedUnreadable, without="Okoro"):
        await load_patients(loading, [read_file(written(folder, content))], authority=HOME, now=NOW)


@given(content=broken_bytes(PRACTICES))
@examples(40)
async def test_a_file_of_practices(loading, folder, content):
    with read_or(FeedUnreadable, without="SURGERY"):
        await load_practices(loading, read_file(written(folder, content)), now=NOW)


@given(content=broken_bytes(SCHOOLS), links=broken_bytes(LINKS))
@examples(40)
async def test_a_file_of_schools_and_one_of_their_links(loading, folder, content, links):
    with read_or(FeedUnreadable, without="School"):
        files = read_file(written(folder, content)), read_file(written(folder, links, "links"))
        await load_schools(loading, files[0], links=files[1], now=NOW)


@pytest.fixture(scope="module")
def members(folder):
    """A registry of two members, and the entry of one of them."""
    one, other = enrolled(folder, "E08000009"), enrolled(folder, "E08000003")
    registry = RegistryFile(folder, one, other)
    return registry, one


@given(data=st.data())
@examples(60)
def test_a_registry_of_members_and_what_a_member_sends_to_be_listed(members, data):
    registry, one = members
    text = registry.file.read_text()
    payload = orjson.loads(_decoded(text.split(".")[1]))
    with read_or(RegistryRefused):
        broken = data.draw(broken_json(payload).filter(_is_json))
        read_registry(signed(broken, type=REGISTRY_TYPE, key=registry.key), keys=[registry.key], at=NOW)
    for whole, read in (
        (text, lambda found: read_registry(found, keys=[registry.key], at=NOW)),
        (join_request(one.member, key=one.key), read_join_request),
    ):
        with read_or(RegistryRefused):
            read(data.draw(broken_bytes(whole.encode())).decode("latin-1"))


@given(data=st.data())
@example(data=None)
@examples(40)
def test_a_file_of_keys(members, folder, data):
    registry, _ = members
    content = b'{"keys": [{"crv": []}]}'
    if data is not None:
        whole = public_set([registry.key])
        broken = st.one_of(
            broken_bytes(orjson.dumps(whole)), broken_json(whole).map(lambda one: json.dumps(one).encode())
        )
        content = data.draw(broken)
    with read_or(RegistryRefused, without="crv"):
        pinned_keys(written(folder, content))


@pytest.fixture(scope="module")
def rules(folder):
    """A copy of the rules with a signature."""
    copied = shutil.copytree(PACKAGED_POLICIES, folder / "policies")
    sign(copied, PRIVATE, issued=NOW)
    parts = ("data.json", "signature.json", "directory/decide.rego")
    return copied, {name: (copied / name).read_bytes() for name in parts}


@given(data=st.data())
@examples(25)
def test_a_bundle_of_rules_and_its_signature(rules, data):
    copied, parts = rules
    name = data.draw(st.sampled_from(sorted(parts)))
    for part, whole in parts.items():
        (copied / part).write_bytes(data.draw(broken_bytes(whole)) if part == name else whole)
    with read_or(RuleSetUnreadable, RulesNotTrusted):
        verify_signature(read_signature(copied), RuleSet.read(copied), PUBLIC)


def test_rules_and_words_that_are_nested_too_deeply_are_refused(rules, folder):
    copied, deep = rules[0], b"[" * 100_000
    (copied / "data.json").write_bytes(deep)
    with pytest.raises(RuleSetUnreadable):
        RuleSet.read(copied)
    with pytest.raises(WordsUnreadable):
        Words.read(written(folder, deep))


def an_export():
    """An export of three entries under a signed checkpoint."""
    entries = [stored(an_entry(request_id=f"request-{seq}"), seq) for seq in range(3)]
    checkpoint = Checkpoint(origin=ORIGIN, size=3, root=ROOT).signed([KEY])
    header = ExportHeader(first=0, end=3, size=3, left=(), right=(), checkpoint=str(checkpoint))
    return header_line(header) + b"".join(line_of(one) for one in entries)


@given(content=broken_bytes(an_export()))
@examples(60)
def test_an_export_of_the_ledger(content):
    lines = content.splitlines(keepends=True)
    with read_or(MalformedExport):
        header = read_header(lines[0]) if lines else None
        check = ExportCheck(header, keys=[KEY.verifier], witnesses=[])
        check.run(lines[1:] if header else lines, workers=None, advance=lambda _count: None)
        list(read_export(lines))


@given(data=st.data())
@examples(60)
def test_a_manifest_of_an_archive_and_a_checkpoint(data):
    checkpoint = str(Checkpoint(origin=ORIGIN, size=3, root=ROOT).signed([KEY]))
    whole = {
        "format": FORMAT, "first": 0, "end": 1_048_576, "entries": "a", "sha256": "ab" * 32, "root": hash_text(ROOT),
        "proof": [hash_text(ROOT)], "checkpoint": checkpoint,
    }  # fmt: skip
    with read_or(ArchiveDamaged):
        broken = data.draw(
            st.one_of(broken_json(whole).map(json.dumps).map(str.encode), broken_bytes(orjson.dumps(whole)))
        )
        Manifest.parse(broken).signed([KEY.verifier])
    with read_or(MalformedNote):
        read_checkpoint(data.draw(broken_bytes(checkpoint.encode())).decode("latin-1"))


@given(data=st.data())
@examples(40)
def test_a_manifest_of_documents_and_a_file_of_words(folder, data):
    whole = manifest_of([DOCUMENT])
    for content in (
        data.draw(broken_bytes(whole.encode())),
        json.dumps(data.draw(broken_json(json.loads(whole)))).encode(),
    ):
        with read_or(DocumentsUnreadable, without="role"):
            read_manifest(written(folder, content))
    with read_or(WordsUnreadable):
        Words.read(written(folder, data.draw(broken_bytes(ENGLISH.read_bytes()))))


def _is_json(document):
    try:
        orjson.dumps(document)
    except TypeError:
        return False
    return True


def _decoded(part):
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
