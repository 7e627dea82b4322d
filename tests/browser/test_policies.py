"""The policy workbench in a real Chromium: its views, its links, its keyboard, its colours, and no other host."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from connectors.synthetic.demo_world import load_demo_world
from gateway.app.application import application
from gateway.cli.demonstration import page_personas, persona_tokens
from tests.browser.chromium import complaints_of, requests_of
from tests.browser.conftest import served
from tests.support.gateway import rules_soon_proven, settings_for
from tests.support.postgres import fresh_database

TIMEOUT = 90
POLICIES = Path(__file__).resolve().parents[2] / "policies"
STYLE = Path(__file__).resolve().parents[2] / "gateway" / "pages" / "static" / "parts" / "base.css"
SHIELDED = "view=map&role=gp&purpose=early-help&type=Child&a.shield=active"
EFFECTS = ("disclose", "mask", "withhold", "conceal")


@pytest.fixture(scope="module")
async def gateway(postgres, tmp_path_factory):
    """The URL of a gateway over the demonstration's people, and their tokens."""
    async with fresh_database(postgres) as url:
        today = datetime.now(UTC).date()
        settings = settings_for(tmp_path_factory.mktemp("gateway"), policies_dir=rules_soon_proven())
        await load_demo_world(url, today=today)
        tokens = await persona_tokens(settings, url)
        with served(application(settings, url=url, personas=page_personas(tokens, today))) as address:
            yield address, tokens


@pytest.fixture
def page(browser, gateway):
    """Open a view as the policy author and wait until it has answered."""

    def open_view(fragment="", persona="policy-author"):
        browser.get("about:blank")
        browser.get(f"{gateway[0]}/policies?persona={persona}#{fragment}")
        settled(browser)
        return browser

    return open_view


def settled(driver):
    WebDriverWait(driver, TIMEOUT, ignored_exceptions=[StaleElementReferenceException]).until(
        lambda _: driver.execute_script(
            "return (document.querySelector('#main')?.childElementCount > 0"
            " && !document.querySelector('[aria-busy]'))"
            " || document.querySelector('#alert').textContent !== ''"
        )
    )


def wait_for(driver, condition):
    return WebDriverWait(driver, TIMEOUT, ignored_exceptions=[StaleElementReferenceException]).until(condition)


def text_of(driver, selector):
    return driver.find_element(By.CSS_SELECTOR, selector).text


def tile(driver, field):
    return driver.find_element(By.CSS_SELECTOR, f"[data-field={field}]")


def propose(driver, *, file="data.json", change):
    """Fetch a file as it is in force, change its text, and use it."""
    driver.execute_script("location.hash = '#view=rules'")
    wait_for(driver, lambda d: d.find_elements(By.NAME, "file-text"))
    name = driver.find_element(By.NAME, "file-name")
    name.clear()
    name.send_keys(file)
    button(driver, "Fetch it as it is in force").click()
    wait_for(driver, lambda d: d.find_element(By.NAME, "file-text").get_property("value"))
    box = driver.find_element(By.NAME, "file-text")
    driver.execute_script("arguments[0].value = arguments[1]", box, change(box.get_property("value")))
    button(driver, "Use this text").click()
    wait_for(driver, lambda d: "build" in text_of(d, ".results") or d.find_elements(By.CSS_SELECTOR, ".problems"))


def button(driver, text):
    return driver.find_element(By.XPATH, f"//button[normalize-space()='{text}']")


def with_a_wider_role(text):
    book = json.loads(text)
    book["roles"]["voluntary-practitioner"]["sees"]["Child"].append("health-identifier")
    return json.dumps(book)


def test_a_link_reproduces_a_situation(page):
    driver = page(SHIELDED)

    assert "Withheld" in tile(driver, "address").text
    assert "shield-active" in tile(driver, "address").text
    assert "Told" in tile(driver, "givenName").text
    assert Select(driver.find_element(By.NAME, "a.shield")).first_selected_option.text == "active"
    assert Select(driver.find_element(By.NAME, "class")).first_selected_option.text == "Shielded"


def test_a_choice_changes_the_tiles_the_link_and_keeps_the_focus(page):
    driver = page(SHIELDED)

    Select(driver.find_element(By.NAME, "a.shield")).select_by_value("none")
    wait_for(driver, lambda d: "Told" in tile(d, "address").text)

    assert "a.shield" not in driver.execute_script("return location.hash")
    assert driver.switch_to.active_element.get_attribute("name") == "a.shield"
    driver.back()
    wait_for(driver, lambda d: "Withheld" in tile(d, "address").text)


def test_a_tile_says_why_in_sentences(page):
    driver = page(SHIELDED)

    tile(driver, "address").find_element(By.TAG_NAME, "summary").click()
    button(driver, "Explain address").click()
    wait_for(driver, lambda d: "It applies because" in tile(d, "address").text)

    assert "Whereabouts are protected, so this is withheld." in tile(driver, "address").text
    assert "shield is active" in tile(driver, "address").text


def test_the_matrix_is_read_by_arrow_keys(page):
    driver = page("view=matrix&type=Child&class=shielded")
    first = driver.find_element(By.CSS_SELECTOR, ".heat td")

    first.click()
    first.send_keys(Keys.ARROW_RIGHT, Keys.NULL)
    driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    driver.switch_to.active_element.send_keys(Keys.END)

    cell = driver.switch_to.active_element
    row = cell.find_element(By.XPATH, "..")
    assert cell == row.find_elements(By.TAG_NAME, "td")[-1]
    assert row.find_element(By.TAG_NAME, "th").text in text_of(driver, "#cell-detail h3")
    assert len(driver.find_elements(By.CSS_SELECTOR, ".heat [tabindex='0']")) == 1


def test_the_matrix_is_a_table_with_headers_for_rows_and_columns(page):
    driver = page("view=matrix&type=Carer&class=plain")
    book = json.loads((POLICIES / "data.json").read_text())

    headers = driver.find_elements(By.CSS_SELECTOR, ".heat tbody th[scope=row]")
    fields = driver.find_elements(By.CSS_SELECTOR, ".heat thead th[scope=col]")

    assert [header.text for header in headers] == [role["title"] for role in book["roles"].values()]
    assert len(fields) == 1 + sum(len(group) for group in book["fields"]["Carer"].values())


def test_proposed_rules_are_compared_and_what_tells_more_stands_first(page):
    driver = page()
    propose(driver, change=with_a_wider_role)

    driver.execute_script("location.hash = '#view=difference&type=Child'")
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, ".counts"))

    assert text_of(driver, ".results details.tells-more summary").startswith("Tells more")
    assert "Child.nhsNumber" in text_of(driver, "details.tells-more tbody")
    assert text_of(driver, ".counts .tells-less strong") == "0"


def test_the_fields_can_be_seen_under_the_rules_to_try(page):
    driver = page()
    propose(driver, change=with_a_wider_role)
    driver.execute_script("location.hash = '#view=map&role=voluntary-practitioner&purpose=early-help'")
    wait_for(driver, lambda d: "Withheld" in tile(d, "nhsNumber").text)

    driver.find_element(By.CSS_SELECTOR, "[name=which][value=candidate]").click()

    wait_for(driver, lambda d: "Told" in tile(d, "nhsNumber").text)
    assert "The rules to try" in text_of(driver, ".origin")


def test_rules_that_do_not_build_are_shown_with_file_and_line(page):
    driver = page()

    propose(driver, file="directory/ask.rego", change=lambda text: text + "\nbroken := {\n")

    lines = (POLICIES / "directory" / "ask.rego").read_text().count("\n") + 2
    assert f"directory/ask.rego:{lines}" in text_of(driver, ".problems")
    assert text_of(driver, "#alert") == "The rules to try cannot be used: one problem."


def test_files_can_be_uploaded(page, tmp_path):
    changed = tmp_path / "data.json"
    changed.write_text(with_a_wider_role((POLICIES / "data.json").read_text()))
    driver = page("view=rules")

    driver.find_element(By.ID, "upload").send_keys(str(changed))

    wait_for(driver, lambda d: "They build, as revision" in text_of(d, ".results"))


def test_the_cases_are_run(page):
    driver = page("view=cases")

    assert re.fullmatch(r"(\d+) of \1 cases hold\.", text_of(driver, ".results h3"))
    assert len(driver.find_elements(By.CSS_SELECTOR, "tr.holds")) > 100


def test_a_nurse_is_told_that_the_workbench_is_not_for_her_role(page):
    driver = page(persona="nurse")

    assert text_of(driver, "#alert") == "The policy workbench is not for your role and purpose."
    assert not driver.find_element(By.ID, "workbench").is_displayed()


def test_a_token_may_be_pasted_and_stays_in_memory(browser, gateway):
    address, tokens = gateway
    browser.get(f"{address}/policies")
    browser.find_element(By.ID, "token").send_keys(tokens["policy-author"])
    browser.find_element(By.ID, "reason").send_keys("Reguła „nowa”")
    browser.find_element(By.ID, "reason").send_keys(Keys.ENTER)
    wait_for(browser, lambda d: d.find_elements(By.CSS_SELECTOR, ".tile"))

    kept = browser.execute_script("return [localStorage.length, sessionStorage.length, document.cookie, location.href]")
    assert kept[:3] == [0, 0, ""]
    assert tokens["policy-author"] not in kept[3]
    assert browser.find_element(By.ID, "token").get_property("value") == ""


@pytest.mark.parametrize(
    "fragment",
    ["", SHIELDED, "view=matrix&type=Involvement&class=every", "view=rules", "view=difference", "view=cases"],
    ids=["opening", "map", "matrix", "rules", "difference", "cases"],
)
def test_every_view_stays_on_its_host_complains_of_nothing_and_is_labelled(page, gateway, fragment):
    driver = page(fragment)

    elsewhere = [
        r["url"] for r in requests_of(driver) if not r["url"].startswith((f"{gateway[0]}/", "data:", "about:"))
    ]
    assert elsewhere == []
    assert complaints_of(driver) == []
    assert driver.execute_script(UNLABELLED) == []


UNLABELLED = """
const seen = (it) => it.checkVisibility();
const named = (it) => (it.getAttribute('aria-label') || it.textContent || it.title || '').trim() !== '';
const headings = [...document.querySelectorAll('h1,h2,h3')].filter(seen).map((it) => Number(it.tagName[1]));
const ids = [...document.querySelectorAll('[id]')].map((it) => it.id);
const refer = (it, name) => (it.getAttribute(name) || '').split(' ').filter(Boolean);
return [
  ...[...document.querySelectorAll('input,select,textarea')].filter(seen)
    .filter((it) => ![...it.labels].some(named)).map((it) => 'no label: ' + it.outerHTML),
  ...[...document.querySelectorAll('button,a,summary')].filter(seen)
    .filter((it) => !named(it)).map((it) => 'no name: ' + it.outerHTML),
  ...[...document.querySelectorAll('fieldset')].filter(seen)
    .filter((it) => !it.querySelector(':scope > legend')).map((it) => 'no legend: ' + it.name),
  ...[...document.querySelectorAll('table')].filter(seen)
    .filter((it) => !it.caption || it.querySelectorAll('th:not([scope])').length).map(() => 'a table without headers'),
  ...[...document.querySelectorAll('td')].filter(seen)
    .filter((it) => it.children.length && !named(it)).map((it) => 'a cell that says nothing: ' + it.outerHTML),
  ...headings.filter((level, at) => at && level > headings[at - 1] + 1).map((level) => 'a heading skips to ' + level),
  ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => 'an id twice: ' + id),
  ...[...document.querySelectorAll('[aria-labelledby],[aria-describedby]')].filter(seen)
    .flatMap((it) => [...refer(it, 'aria-labelledby'), ...refer(it, 'aria-describedby')])
    .filter((id) => !document.getElementById(id)).map((id) => 'refers to nothing: ' + id),
  ...(document.documentElement.lang ? [] : ['no language']),
  ...(document.querySelectorAll('main').length === 1 ? [] : ['not one main']),
];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(scheme):
    light, dark = re.findall(r":root \{([^}]*)\}", STYLE.read_text())
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", light if scheme == "light" else dark))

    pairs = [("text", "ground"), ("text", "raised"), ("muted", "ground"), ("muted", "raised"), ("accent", "ground")]
    pairs += [(effect, f"{effect}-ground") for effect in EFFECTS]
    poor = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: value for pair, value in poor.items() if value < 4.5} == {}
    assert contrast(colours["line"], colours["ground"]) >= 3


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 29)")])
def test_the_page_follows_the_systems_dark_or_light(page, browser, scheme, ground):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    driver = page("view=rules")

    assert driver.execute_script("return getComputedStyle(document.body).backgroundColor") == ground


@pytest.mark.parametrize("fragment", [SHIELDED, "view=matrix", "view=rules", "view=cases"])
def test_a_screen_of_320_pixels_never_scrolls_sideways(page, browser, fragment):
    metrics = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        driver = page(fragment)
        widths = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert widths[0] <= widths[1]


def test_the_keyboard_reaches_the_view_past_the_navigation(page):
    driver = page(SHIELDED)

    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = driver.switch_to.active_element
    assert skip.text == "Skip to the view"
    skip.send_keys(Keys.ENTER)

    assert driver.switch_to.active_element.get_attribute("id") == "main"
    assert "Withheld" in tile(driver, "address").text
