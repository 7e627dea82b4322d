"""Engines over the packaged rules, and over copies that a test changes."""

import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.embedded_engine import EmbeddedDecider
from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES
from gateway.workbench.annotations import read_annotations
from gateway.workbench.book import Book


@pytest.fixture(scope="session")
def rules():
    return RuleSet.read(PACKAGED_POLICIES)


@pytest.fixture(scope="session")
def book(rules):
    return Book(rules.data)


@pytest.fixture(scope="session")
def annotations(rules):
    return read_annotations(rules.modules)


@pytest.fixture(scope="session")
async def decider():
    decider = EmbeddedDecider(PACKAGED_POLICIES, timeout=30)
    yield decider
    await decider.close()


@pytest.fixture
def changed(tmp_path):
    """A function that makes an engine over a copy of the rules with one text in it replaced."""

    @asynccontextmanager
    async def changed(file, old, new):
        folder = Path(shutil.copytree(PACKAGED_POLICIES, tmp_path / "policies"))
        text = (folder / file).read_text()
        assert old in text, f"{file} has changed, so this test changes nothing"
        (folder / file).write_text(text.replace(old, new, 1))
        decider = EmbeddedDecider(folder, timeout=30)
        try:
            yield decider
        finally:
            await decider.close()

    return changed
