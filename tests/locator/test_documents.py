"""What the page on the locator says is what the code does."""

from datetime import date
from pathlib import Path

from connectors.locator.keys import ELEMENTS, Kind, identifier_word, name_word
from gateway.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "federation-locator.md").read_text(encoding="utf-8")


def test_the_words_on_the_page_are_those_that_are_made():
    assert identifier_word(Kind.NHS, "943 476 5919") in PAGE
    assert identifier_word(Kind.UPN, "b801200005001") in PAGE
    born = date(2015, 3, 4)
    assert name_word("Ayesha", "O'Brien", born) == name_word("Aisha Jane", "O Bryan", born)
    assert f"`{name_word('Aisha', 'OBrien', born)}`" in PAGE


def test_the_budgets_on_the_page_are_those_of_the_settings():
    person, authority = (Settings.model_fields[name].default for name in ("locate_budget", "locate_authority_budget"))

    assert f"`GATEWAY_LOCATE_BUDGET` ({person} a day)" in PAGE
    assert f"`GATEWAY_LOCATE_AUTHORITY_BUDGET` ({authority} a day)" in PAGE
    assert f"{authority} asks of {ELEMENTS} elements are {authority * ELEMENTS:,} guesses a day" in PAGE
