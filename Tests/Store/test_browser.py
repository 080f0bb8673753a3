"""The browser example, played in headless Chromium: nothing but the browser's own WebSocket talks to the terminal."""
import json
import re

import pytest
from chromium import Browser
from conftest import ROOT


@pytest.fixture
def page(store, tmp_path):
    browser = Browser(tmp_path / "chromium", (ROOT / "examples/browser/index.html").as_uri())
    browser.until(lambda: browser.run("typeof sell") == "function", "its script")
    browser.run(f"document.getElementById('url').value = {json.dumps(store.ready['pos'])}")
    yield browser
    browser.close()


def verdict(page, wanted):
    return page.until_text("#verdict", wanted)


def test_the_browser_example_sells(store, page):
    store.automatic()
    page.run("document.getElementById('sell').click()")
    assert re.fullmatch(r"Approved, code \d{6}", verdict(page, "Approved"))
    assert store.net() == 1250


def test_the_browser_example_learns_the_outcome_after_a_cut(store, page):
    store.automatic()
    store.post("/lab/host", {"mode": "silent"})
    page.run("document.getElementById('sell').click()")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    store.kill()
    store.post("/lab/host", {"mode": "approve"})
    store.start()
    assert "result 23" in verdict(page, "Not approved")
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0


def test_the_browser_example_opens_one_connection_however_often_sell_is_pressed(store, page):
    store.automatic()
    page.run("""
        window.opened = 0;
        window.WebSocket = class extends WebSocket { constructor(url) { super(url); window.opened += 1; } };
        for (let press = 0; press < 10; press += 1) { document.getElementById('sell').click(); }
    """)
    verdict(page, "Approved")
    assert page.run("window.opened") == 1
    assert page.complaints == []


def test_the_browser_example_cancels(store, page):
    page.click("#sell")
    verdict(page, "Waiting for the card")
    page.click("#cancel")
    assert "result 12" in verdict(page, "Not approved")
    assert store.saw("1200") == []
