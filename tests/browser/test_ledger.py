"""The page for auditors in a real Chromium: looking, reading, proving, its keyboard, its links, and no other host."""

from datetime import UTC, datetime

import httpx
import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from connectors.postgres.database import Database
from connectors.synthetic.demo_cast import PERSONAS
from connectors.synthetic.demo_world import load_demo_world
from gateway.app.application import application
from gateway.cli.demonstration import page_personas, persona_tokens
from gateway.cli.story import body_for
from tests.browser.chromium import complaints_of, requests_of
from tests.browser.conftest import served
from tests.browser.test_policies import UNLABELLED
from tests.support.gateway import rules_soon_proven, settings_for
from tests.support.postgres import fresh_database

TIMEOUT = 90
ASKED = 5
VIEWS = {"entries": "view=entries", "entry": "view=entry&number=0", "hours": "view=hours", "proof": "view=proof"}


@pytest.fixture(scope="module")
async def gateway(postgres, tmp_path_factory):
    """The URL of a gateway over the demonstration's people, some of whom have asked, its tokens and its database."""
    async with fresh_database(postgres) as url:
        today = datetime.now(UTC).date()
        settings = settings_for(tmp_path_factory.mktemp("gateway"), policies_dir=rules_soon_proven())
        await load_demo_world(url, today=today)
        tokens = await persona_tokens(settings, url)
        with served(application(settings, url=url, personas=page_personas(tokens, today))) as address:
            async with httpx.AsyncClient(base_url=address, timeout=60) as client:
                for persona in [one for one in PERSONAS if one.key in ("nurse", "teacher", "lapsed")] * 2:
                    headers = {
                        "authorization": f"Bearer {tokens[persona.key]}",
                        "access-purpose": persona.purpose,
                        "access-reason": persona.reason,
                        "content-type": "application/json",
                    }
                    await client.post("/graphql", content=body_for(persona, today), headers=headers)
            yield address, tokens, url


@pytest.fixture
def page(browser, gateway):
    """Open a view as the auditor and wait until it has answered."""

    def open_view(fragment="", persona="auditor"):
        browser.get("about:blank")
        browser.get(f"{gateway[0]}/ledger?persona={persona}#{fragment}")
        settled(browser)
        return browser

    return open_view


def settled(driver):
    wait_for(
        driver,
        lambda d: d.execute_script(
            "return (document.querySelector('.results')?.childElementCount > 0"
            " && !document.querySelector('[aria-busy]'))"
            " || document.querySelector('#alert').textContent !== ''"
        ),
    )


def wait_for(driver, condition):
    return WebDriverWait(driver, TIMEOUT, ignored_exceptions=[StaleElementReferenceException]).until(condition)


def text_of(driver, selector):
    return driver.find_element(By.CSS_SELECTOR, selector).text


def proved(driver, sentence):
    """Wait until the entry's proof says so; a checkpoint may have to be waited for."""

    def says(d):
        if sentence in text_of(d, ".checks"):
            return True
        if "No checkpoint covers" in text_of(d, ".checks"):
            d.find_element(By.XPATH, "//button[normalize-space()='Ask again']").click()
        return False

    wait_for(driver, says)


def press(driver, *keys):
    """Press keys wherever the focus is, and return what has it then."""
    for key in keys:
        driver.switch_to.active_element.send_keys(key)
    return driver.switch_to.active_element


def tab_to(driver, wanted, *, limit=60):
    """Press Tab until what is wanted has the focus."""
    for _ in range(limit):
        found = press(driver, Keys.TAB)
        if wanted(found):
            return found
    raise AssertionError("the keyboard does not get there")


def test_the_newest_entries_are_listed_with_who_and_why(page):
    driver = page()

    rows = [row.text for row in driver.find_elements(By.CSS_SELECTOR, ".entries tbody tr")]
    assert len(rows) > ASKED
    assert any("Health practitioner" in row and "Answered" in row for row in rows)
    assert any("Refused" in row for row in rows)


def test_no_heading_of_the_list_is_broken_within_a_word(page):
    lines = page("view=entries").execute_script(
        "return [...document.querySelectorAll('.entries thead th')].map((heading) => {"
        " const words = document.createRange(); words.selectNodeContents(heading);"
        " return new Set([...words.getClientRects()].map((box) => box.top)).size; })"
    )

    assert lines
    assert set(lines) == {1}


def test_an_entry_is_found_and_proved_by_keyboard_alone(page):
    driver = page()

    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    press(driver, Keys.ENTER)
    assert driver.switch_to.active_element.get_attribute("id") == "main"
    tab_to(driver, lambda it: it.get_attribute("name") == "outcome")
    press(driver, "A")
    tab_to(driver, lambda it: it.text == "Look")
    press(driver, Keys.ENTER)
    wait_for(driver, lambda d: "Refused" not in text_of(d, ".entries tbody"))
    tab_to(driver, lambda it: "view=entry" in (it.get_attribute("href") or ""))
    press(driver, Keys.ENTER)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, ".verdict"))

    assert driver.switch_to.active_element.text.startswith("Entry ")
    proved(driver, "The proof holds: checked in this browser.")


def test_an_entry_says_each_field_with_its_decision_and_reason_in_words(page):
    driver = page("view=entry&number=0")

    assert "asked on" in text_of(driver, ".sentence")
    assert "Told" in text_of(driver, ".record tbody")
    assert "it may hold a child's name" in text_of(driver, "article")


def test_a_link_reproduces_a_view_and_names_nobody(page, gateway):
    driver = page()
    driver.find_element(By.NAME, "person").send_keys("nurse.okafor")
    driver.find_element(By.NAME, "child").send_keys("chd-00000000-0000-4000-8000-000000000000")
    Select(driver.find_element(By.NAME, "outcome")).select_by_value("answered")
    driver.find_element(By.XPATH, "//button[normalize-space()='Look']").click()
    wait_for(driver, lambda d: "outcome=answered" in d.current_url)
    settled(driver)

    assert "nurse.okafor" not in driver.current_url
    assert "chd-" not in driver.current_url
    fragment = driver.current_url.partition("#")[2]
    again = page(fragment)
    assert Select(again.find_element(By.NAME, "outcome")).first_selected_option.text == "Answered"
    assert again.find_element(By.NAME, "person").get_property("value") == ""
    assert [r["url"] for r in requests_of(driver) if "nurse.okafor" in r["url"] or "chd-" in r["url"]] == []


def test_a_cell_of_the_heat_map_leads_to_its_entries(page):
    driver = page("view=hours&role=health-practitioner")
    cell = driver.find_element(By.CSS_SELECTOR, ".heat td a")
    counted = int(cell.text)

    cell.send_keys(Keys.ENTER)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, ".entries tbody tr"))

    assert len(driver.find_elements(By.CSS_SELECTOR, ".entries tbody tr")) == counted


def test_checkpoints_growth_and_witnesses_are_said_in_words(page):
    driver = page("view=proof")

    assert "No witness is configured" in text_of(driver, ".results")
    assert "Covered by the newest checkpoint" in text_of(driver, ".results")
    assert driver.find_elements(By.CSS_SELECTOR, ".growth rect")
    assert "Nothing was archived" in text_of(driver, ".results")


async def test_an_entry_that_was_changed_is_noticed_by_the_browser(page, gateway):
    database = await Database.open(gateway[2], pool_min=1, pool_max=1, timeout=20.0)
    proved(page("view=entry&number=1"), "The proof holds")
    try:
        async with database.transaction() as connection:
            await connection.execute("SET LOCAL session_replication_role TO replica")
            row = await connection.fetchrow("SELECT entry FROM ledger_entry WHERE seq = 1")
            forged = row["entry"].replace('"standing":"current"', '"standing":"suspended"')
            assert forged != row["entry"]
            await connection.execute("UPDATE ledger_entry SET entry = $1 WHERE seq = 1", forged)

        driver = page("view=entry&number=1")
        wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, ".verdict"))

        assert "The proof does not hold" in text_of(driver, ".verdict")
        assert "it was changed" in text_of(driver, ".checks")
    finally:
        async with database.transaction() as connection:
            await connection.execute("SET LOCAL session_replication_role TO replica")
            await connection.execute("UPDATE ledger_entry SET entry = $1 WHERE seq = 1", row["entry"])
        await database.close()


def test_a_nurse_is_told_that_the_ledger_is_not_for_her_role(page):
    driver = page(persona="nurse")

    assert text_of(driver, "#alert") == "The ledger is not for your role and purpose."
    assert not driver.find_element(By.ID, "ledger").is_displayed()


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_stays_on_its_host_complains_of_nothing_and_is_labelled(page, gateway, view):
    driver = page(VIEWS[view])
    if view == "entry":
        wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, ".verdict"))

    elsewhere = [
        r["url"] for r in requests_of(driver) if not r["url"].startswith((f"{gateway[0]}/", "data:", "about:"))
    ]
    assert elsewhere == []
    assert complaints_of(driver) == []
    assert driver.execute_script(UNLABELLED) == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_screen_of_320_pixels_never_scrolls_sideways(page, browser, view):
    metrics = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        driver = page(VIEWS[view])
        widths = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert widths[0] <= widths[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_text_has_contrast_where_it_stands(page, browser, view, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        driver = page(VIEWS[view])
        if view == "entry":
            wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, ".verdict"))
        poor = driver.execute_script(POOR_CONTRAST)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    assert poor == []


POOR_CONTRAST = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
const ground = (it) => {
  for (; it; it = it.parentElement) {
    const found = rgba(getComputedStyle(it).backgroundColor);
    if (found[3] === 255) return found;
  }
  return [255, 255, 255];
};
const own = (it) => [...it.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
return [...document.querySelectorAll('body *')]
  .filter((it) => it.checkVisibility() && own(it) && !it.closest('.skip, svg, option'))
  .map((it) => {
    const [one, other] = [light(rgba(getComputedStyle(it).color)), light(ground(it))].sort((a, b) => b - a);
    return [(one + 0.05) / (other + 0.05), it];
  })
  .filter(([ratio]) => ratio < 4.5)
  .map(([ratio, it]) => `${ratio.toFixed(2)} ${it.outerHTML.slice(0, 120)}`);
"""
