"""A real headless Chromium, and what it asked of the network."""

import json
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.support.tools import chromedriver_command, chromium_command

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,860",
)


@contextmanager
def chromium(profile):
    """Lend a driver of a Chromium that keeps its console and its network log; `profile` is an empty folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium_command()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver_command()))
    try:
        yield driver
    finally:
        driver.quit()


def requests_of(driver):
    """Return the requests made since last asked: each with `url`, `method`, `headers` and perhaps `postData`."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [message["params"]["request"] for message in messages if message["method"] == "Network.requestWillBeSent"]


def complaints_of(driver):
    """Return what the console holds of warnings and errors since last asked."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in {"WARNING", "SEVERE"}]
