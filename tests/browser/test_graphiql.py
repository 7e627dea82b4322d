"""GraphiQL in a real Chromium: it works, it stays on its host and it asks as the persona that was chosen."""

import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import text_to_be_present_in_element
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.chromium import complaints_of, requests_of

QUERY_EDITOR = (By.CSS_SELECTOR, ".graphiql-query-editor .CodeMirror")
HEADERS = (By.CSS_SELECTOR, ".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror")
RUN = (By.CSS_SELECTOR, ".graphiql-execute-button")
ANSWER = (By.CSS_SELECTOR, ".result-window")
SCHEMA = (By.CSS_SELECTOR, ".graphiql-doc-explorer")
TIMEOUT = 90


@pytest.fixture
def page(browser, site):
    """The page as it opens."""
    browser.get(f"{site}/graphiql")
    wait_for_text(browser, QUERY_EDITOR, "query")
    return browser


def test_the_page_asks_nothing_of_any_other_host(page, site):
    run_and_await(page, "data")

    elsewhere = [r["url"] for r in requests_of(page) if not r["url"].startswith((f"{site}/", "data:"))]
    assert elsewhere == []


def test_the_console_stays_silent(page):
    run_and_await(page, "data")
    open_settings(page)

    assert complaints_of(page) == []


def test_running_the_example_shows_its_answer(page):
    run_and_await(page, '"whoAsks": "Bearer token-of-hana"')


def test_the_schema_can_be_explored(page):
    page.find_element(By.CSS_SELECTOR, "[aria-label='Show Documentation Explorer']").click()

    wait_for_text(page, SCHEMA, "Query")


def test_a_persona_brings_its_headers_and_its_example(page):
    page.find_element(By.LINK_TEXT, "Tom, teacher").click()
    run_and_await(page, '"whatFor": "education"')

    assert {(h.get("Authorization"), h.get("Access-Purpose"), h.get("Access-Reason")) for h in headers_sent(page)} == {
        ("Bearer token-of-hana", "safeguarding", "Two-year review, no other contact known"),
        ("Bearer token-of-tom", "education", None),
    }


def test_headers_can_be_read_and_changed_before_asking(page):
    wait_for_text(page, HEADERS, "Two-year review, no other contact known")


def test_the_chosen_persona_is_marked(page):
    page.find_element(By.LINK_TEXT, "Tom, teacher").click()

    assert page.find_element(By.CSS_SELECTOR, ".personas [aria-current=page]").text == "Tom, teacher"


def test_a_keyboard_alone_chooses_runs_and_leaves_the_editor(page):
    page.find_element(By.LINK_TEXT, "Tom, teacher").send_keys(Keys.ENTER)
    wait_for_text(page, QUERY_EDITOR, "whatFor")
    editor = page.find_element(By.CSS_SELECTOR, ".graphiql-query-editor textarea")
    editor.send_keys(Keys.CONTROL, Keys.ENTER)
    wait_for_text(page, ANSWER, '"whatFor": "education"')
    editor.send_keys(Keys.TAB)

    assert page.switch_to.active_element != editor


@pytest.mark.parametrize(("scheme", "is_dark"), [("dark", True), ("light", False)])
def test_the_page_follows_the_systems_dark_or_light(browser, site, scheme, is_dark):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get(f"{site}/graphiql")
    wait_for_text(browser, QUERY_EDITOR, "query")

    assert [luminance(browser, selector) < 0.5 for selector in ("body", ".graphiql-container")] == [is_dark, is_dark]


def wait_for_text(driver, element, text):
    WebDriverWait(driver, TIMEOUT).until(text_to_be_present_in_element(element, text))


def run_and_await(driver, text):
    WebDriverWait(driver, TIMEOUT).until(lambda _: driver.find_element(*RUN)).click()
    wait_for_text(driver, ANSWER, text)


def open_settings(driver):
    driver.find_element(By.CSS_SELECTOR, "[aria-label='Open settings dialog']").click()
    WebDriverWait(driver, TIMEOUT).until(lambda _: driver.find_element(By.CSS_SELECTOR, "[role=dialog]"))


def headers_sent(driver):
    return [request["headers"] for request in requests_of(driver) if request["method"] == "POST"]


def luminance(driver, selector):
    colour = driver.execute_script(
        "return getComputedStyle(document.querySelector(arguments[0])).backgroundColor", selector
    )
    red, green, blue = json.loads(f"[{colour[colour.index('(') + 1 : -1]}]")[:3]
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
