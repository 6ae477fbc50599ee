"""The interactive page in a real browser: it draws, takes the keyboard, fits a phone, and prints. Needs selenium and Chromium."""

import base64
import shutil

import pytest

from revpath.energy_models import bills_page, load_chip, price

webdriver = pytest.importorskip("selenium.webdriver")
pytestmark = pytest.mark.skipif(shutil.which("chromedriver") is None, reason="no chromedriver here")
EVENTS = {"adc.conversion{enob=8}": 1000, "line.drive": 500, "digital.sigmoid": 50, "sram.byte_read": 2000}
QUIET = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    bills = {"a <b> rather long name of a contender, Li-ECRAM as measured": price(EVENTS, "reram-32nm")}
    bills["on a GPU"] = price({"matmul.flop": 10**4}, load_chip("h100-run"))
    return bills_page(bills, tmp_path_factory.mktemp("page") / "bills.html")


@pytest.fixture(params=[390, 1280])
def browser(request, page):
    options = webdriver.ChromeOptions()
    for argument in QUIET.split():
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as driver:
        size = {"width": request.param, "height": 900, "deviceScaleFactor": 1, "mobile": request.param < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(page.as_uri())
        webdriver.support.wait.WebDriverWait(driver, 60).until(
            lambda d: d.execute_script("return document.querySelectorAll('#chart .trace.bars').length") > 1
        )
        yield driver


def shown(browser):
    return browser.execute_script("return document.querySelector('#chart .xtitle').textContent")


def test_the_page_works_in_a_browser(browser):
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []  # nothing was refused
    wide, window = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window
    names = browser.execute_script(
        "return [...document.querySelectorAll('#chart .annotation-text')].map(t => t.textContent)"
    )
    assert names[0].startswith("a <b> rather long name")
    assert shown(browser) == "joules (chip)"
    right = webdriver.common.keys.Keys.ARROW_RIGHT
    browser.find_element("css selector", "input[name=scope]:checked").send_keys(right)
    assert shown(browser) == "joules (node)"
    browser.find_element("css selector", "input[name=shown]:checked").send_keys(right)
    assert shown(browser) == "share of joules (node)"
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
    assert base64.b64decode(printed).startswith(b"%PDF")
    assert browser.execute_script("return matchMedia('print').matches") is False
