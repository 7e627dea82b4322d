"""Scripts that got into a page do not run, and no page is shown in another: in a real Chromium, without a network."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from gateway.app.application import application
from tests.browser.conftest import served
from tests.support.gateway import rules_soon_proven, settings_for
from tests.support.postgres import fresh_database

PAGES = ["/graphiql", "/policies", "/ledger", "/access-log"]
INJECTED = {
    "an element": "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
    "document.body.append(s)",
    "an event": "const i = document.createElement('div'); i.innerHTML = '<img src=data:x onerror=\"window.ran = 1\">';"
    "document.body.append(i)",
    "a link": "const a = document.createElement('a'); a.href = 'javascript:window.ran = 1'; document.body.append(a);"
    "a.click()",
    "a data address": "const s = document.createElement('script'); s.src = 'data:text/javascript,window.ran = 1';"
    "document.body.append(s)",
    "a blob": "const s = document.createElement('script');"
    "s.src = URL.createObjectURL(new Blob(['window.ran = 1'], {type: 'text/javascript'})); document.body.append(s)",
    "another host": "const s = document.createElement('script'); s.src = 'http://127.0.0.2:9/x.js';"
    "document.body.append(s)",
    "a frame": "const f = document.createElement('iframe'); f.srcdoc = '<script>parent.ran = 1</script>';"
    "f.onload = () => { window.refused += 1 };"  # what is refused in the frame is reported there
    "document.body.append(f)",
}
LEAKING = {
    "an image": "new Image().src = '{}/stolen'",
    "a request": "fetch('{}/stolen').catch(() => 0)",
    "a form": "const f = document.createElement('form'); f.action = '{}/stolen'; document.body.append(f); f.submit()",
    "a style": "const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = '{}/stolen';"
    "document.head.append(l)",
}


@pytest.fixture(scope="module")
async def gateway(postgres, tmp_path_factory):
    """The address of one gateway for all pages: nobody signs in here."""
    async with fresh_database(postgres) as url:
        with served(
            application(settings_for(tmp_path_factory.mktemp("gateway"), policies_dir=rules_soon_proven()), url=url)
        ) as address:
            yield address


def refused(browser, script):
    """Whether Chromium says that it refused something of what a script brought in, and where the browser is then."""
    browser.execute_script(
        "window.refused = 0; document.onsecuritypolicyviolation = () => { window.refused += 1 };" + script
    )
    WebDriverWait(browser, 90).until(lambda driver: driver.execute_script("return window.refused"))
    return browser.current_url


@pytest.mark.parametrize("page", PAGES)
def test_a_script_that_got_into_a_page_does_not_run(browser, gateway, page):
    browser.get(gateway + page)

    for script in INJECTED.values():
        refused(browser, script)

    assert browser.execute_script("return window.ran") is None


@pytest.mark.parametrize("page", PAGES)
def test_nothing_in_a_page_is_carried_to_another_host(browser, gateway, page):
    browser.get(gateway + page)

    left_for = {how: refused(browser, script.format("http://127.0.0.2:9")) for how, script in LEAKING.items()}

    assert set(left_for.values()) == {gateway + page}


@pytest.mark.parametrize("page", PAGES)
def test_a_text_is_not_evaluated_as_a_script(browser, gateway, page):
    browser.get(gateway + page)

    outcome = browser.execute_cdp_cmd(
        "Runtime.evaluate", {"expression": "new Function('return 1')()", "allowUnsafeEvalBlockedByCSP": False}
    )

    assert outcome["exceptionDetails"]["exception"]["className"] == "EvalError"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_not_shown_in_a_frame_of_another(browser, gateway, page):
    browser.execute_script(f"document.body.innerHTML = '<iframe src=\"{gateway}{page}\"></iframe>'")
    browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, "iframe"))

    WebDriverWait(browser, 90).until(
        lambda driver: driver.execute_script("return document.location.href").startswith("chrome-error:")
    )
    browser.switch_to.default_content()


@pytest.mark.parametrize("page", PAGES)
def test_markup_in_an_address_becomes_none(browser, gateway, page):
    browser.get(f"{gateway}{page}?persona=%22%3E%3Cscript%3Ewindow.ran=1%3C/script%3E")

    assert browser.execute_script("return window.ran") is None
    assert browser.execute_script("return document.scripts.length") == 0
