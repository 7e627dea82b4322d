"""What docs/federation.md says is what the code does."""

import re
from pathlib import Path

import pytest

from gateway.federation.assertion import Refusal
from tests.support.commands import every_command

PAGE = (Path(__file__).parents[2] / "docs" / "federation.md").read_text()


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_of_an_assertion_is_explained(refusal):
    # A call without any assertion is none that a page has to explain.
    assert f"`{refusal.value}`" in PAGE or refusal is Refusal.MISSING


def test_no_refusal_is_explained_that_does_not_exist():
    assert set(re.findall(r"`(assertion-[a-z-]+)`", PAGE)) <= {refusal.value for refusal in Refusal}


def test_every_option_that_the_page_names_exists():
    options = {option for _, command in every_command() for parameter in command.params for option in parameter.opts}

    assert set(re.findall(r"--[a-z][a-z-]*", PAGE)) <= options | {"--help"}
