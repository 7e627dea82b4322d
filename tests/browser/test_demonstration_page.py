"""GraphiQL over the real gateway: a persona is chosen, the question is asked, and the answer is the gateway's own."""

from datetime import UTC, datetime

import pytest
from selenium.webdriver.common.by import By

from connectors.synthetic.demo_cast import PERSONAS
from connectors.synthetic.demo_world import load_demo_world
from gateway.app.application import application
from gateway.cli.demonstration import page_personas, persona_tokens
from tests.browser.chromium import complaints_of, requests_of
from tests.browser.conftest import served
from tests.browser.test_graphiql import ANSWER, QUERY_EDITOR, SCHEMA, run_and_await, wait_for_text
from tests.support.gateway import rules_soon_proven, settings_for
from tests.support.postgres import fresh_database


@pytest.fixture(scope="module")
async def demonstration(postgres, tmp_path_factory):
    """The URL of a gateway over the demonstration's people."""
    async with fresh_database(postgres) as database_url:
        today = datetime.now(UTC).date()
        settings = settings_for(tmp_path_factory.mktemp("gateway"), policies_dir=rules_soon_proven())
        await load_demo_world(database_url, today=today)
        tokens = await persona_tokens(settings, database_url)
        with served(application(settings, url=database_url, personas=page_personas(tokens, today))) as url:
            yield url


def visit(browser, url, persona):
    browser.get(f"{url}/graphiql?persona={persona}")
    wait_for_text(browser, QUERY_EDITOR, "searchChildren")


def test_a_nurse_finds_who_works_with_a_girl(browser, demonstration):
    visit(browser, demonstration, "nurse")

    run_and_await(browser, '"givenName": "Ayesha"')

    # The editor draws only the lines in view; its value is the whole answer.
    answer = browser.execute_script("return document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()")
    assert "SOCIAL_CARE" in answer
    assert "SCHOOL_NURSING" in answer
    assert complaints_of(browser) == []


def test_one_whose_training_lapsed_is_told_so_and_nothing_else(browser, demonstration):
    visit(browser, demonstration, "lapsed")

    run_and_await(browser, "ACCESS_LAPSED")

    assert "Ayesha" not in browser.find_element(*ANSWER).text


def test_the_documentation_is_the_directorys_own(browser, demonstration):
    visit(browser, demonstration, "nurse")

    browser.find_element(By.CSS_SELECTOR, "[aria-label='Show Documentation Explorer']").click()

    wait_for_text(browser, SCHEMA, "Query")
    assert all(request["url"].startswith((demonstration, "data:", "about:")) for request in requests_of(browser))


def test_every_persona_of_the_demonstration_can_be_chosen(browser, demonstration):
    visit(browser, demonstration, "nurse")

    shown = [link.text for link in browser.find_elements(By.CSS_SELECTOR, ".personas a")]

    assert shown == [persona.title for persona in PERSONAS]
