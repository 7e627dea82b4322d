"""The form and the report in a real Chromium: by keyboard, in print, in the dark, on a small screen, one host."""

from datetime import UTC, datetime

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from connectors.postgres.database import Database
from connectors.synthetic import demo_cast as cast
from connectors.synthetic.demo_world import load_demo_world
from gateway.app.application import application
from gateway.cli.demonstration import page_personas, persona_tokens
from gateway.vocabulary import RecordType
from tests.browser.chromium import complaints_of, requests_of
from tests.browser.conftest import served
from tests.browser.test_policies import UNLABELLED
from tests.journeys.demo_world import CAST
from tests.support.gateway import rules_soon_proven, settings_for
from tests.support.ids import scope_of
from tests.support.ledger import record_ids
from tests.support.postgres import fresh_database

TIMEOUT = 90


@pytest.fixture(scope="module")
async def gateway(postgres, tmp_path_factory):
    """The URL of a gateway over the demonstration's people, their tokens, and Ayesha's id as her mother knows it."""
    async with fresh_database(postgres) as url:
        today = datetime.now(UTC).date()
        folder = tmp_path_factory.mktemp("gateway")
        settings = settings_for(folder, policies_dir=rules_soon_proven())
        await load_demo_world(url, today=today)
        tokens = await persona_tokens(settings, url)
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=10)
        ids = await record_ids(database, folder)
        await database.close()
        ayesha = ids.known_to(scope_of(CAST["carer"])).told(RecordType.CHILD, cast.AYESHA)
        with served(application(settings, url=url, personas=page_personas(tokens, today))) as address:
            yield address, tokens, ayesha


@pytest.fixture
def report(browser, gateway):
    """Fill the form in by keyboard as Ayesha's mother, and wait for the report."""

    def ask():
        browser.get(f"{gateway[0]}/access-log?persona=carer")
        browser.find_element(By.ID, "child").send_keys(gateway[2], Keys.TAB)
        Select(browser.find_element(By.ID, "reader")).select_by_value("")
        browser.find_element(By.ID, "reason").send_keys(Keys.ENTER)
        WebDriverWait(browser, TIMEOUT).until(lambda d: d.current_url.endswith("/report"))
        return browser

    return ask


def test_a_mother_reads_who_looked(report, gateway):
    driver = report()

    assert driver.find_element(By.TAG_NAME, "h1").text == "Who looked at your child's record"
    assert "For Ayesha." in driver.find_element(By.CLASS_NAME, "made").text
    assert "One more look was by you or your family." in report().find_element(By.TAG_NAME, "main").text


def test_nothing_identifying_stands_in_a_url(report, gateway):
    driver = report()

    urls = [request["url"] for request in requests_of(driver)] + [driver.current_url]
    assert not any(gateway[2] in url or gateway[1]["carer"] in url for url in urls)


def test_the_report_is_labelled_stays_on_its_host_and_complains_of_nothing(report, gateway):
    driver = report()

    elsewhere = [r["url"] for r in requests_of(driver) if not r["url"].startswith((f"{gateway[0]}/", "about:"))]
    assert elsewhere == []
    assert [one for one in complaints_of(driver) if "favicon" not in one] == []
    assert driver.execute_script(UNLABELLED) == []
    assert driver.execute_script("return document.scripts.length") == 0


def test_the_form_is_labelled(browser, gateway):
    browser.get(f"{gateway[0]}/access-log")

    assert browser.execute_script(UNLABELLED) == []


def test_a_refusal_is_said_where_a_screen_reader_hears_it(browser, gateway):
    browser.get(f"{gateway[0]}/access-log?persona=nurse")
    browser.find_element(By.ID, "child").send_keys(gateway[2], Keys.ENTER)
    WebDriverWait(browser, TIMEOUT).until(lambda d: d.find_elements(By.CSS_SELECTOR, "[role=alert]"))

    assert "Access-Purpose" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text


def test_the_keyboard_skips_to_the_list(report):
    driver = report()

    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = driver.switch_to.active_element
    said = skip.text
    skip.send_keys(Keys.ENTER)

    assert said == "Skip to the list"
    assert driver.current_url.endswith("#list")


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 29)")])
def test_the_report_follows_dark_and_light(report, browser, scheme, ground):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    driver = report()

    assert driver.execute_script("return getComputedStyle(document.body).backgroundColor") == ground


def test_print_is_black_on_white_without_navigation(report, browser):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    try:
        driver = report()
        ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        shown = driver.find_element(By.TAG_NAME, "nav").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})

    assert (ground, shown) == ("rgb(255, 255, 255)", False)


@pytest.mark.parametrize("page", ["form", "report"])
def test_a_screen_of_320_pixels_never_scrolls_sideways(report, browser, gateway, page):
    metrics = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        if page == "form":
            browser.get(f"{gateway[0]}/access-log")
        else:
            report()
        widths = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert widths[0] <= widths[1]
