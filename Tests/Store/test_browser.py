"""The browser example, played in headless Chromium over its debugging protocol: nothing but the browser's own WebSocket talks to the terminal."""
import json
import re
import subprocess

import pytest
from conftest import PATIENCE, ROOT
from websockets.sync.client import connect


class Browser:
    """One page of a Chromium started for it."""

    def __init__(self, folder, page):
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
             f"--user-data-dir={folder}", page], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self.process.stderr:
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        self.socket = connect(found.group(1), max_size=None, proxy=None)
        self.count = 0
        target = self.until(lambda: next((t for t in self.call("Target.getTargets")["targetInfos"] if t["url"] == page), None))
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]

    def call(self, method, session=None, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        self.socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self.socket.recv(timeout=PATIENCE))
            if answer.get("id") == self.count:
                return answer["result"]

    def run(self, script):
        return self.call("Runtime.evaluate", self.session, expression=script, returnByValue=True)["result"].get("value")

    def until(self, condition):
        for _ in range(100_000):
            if found := condition():
                return found
        pytest.fail("the page never got there")

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stderr.close()


@pytest.fixture
def page(store, tmp_path):
    browser = Browser(tmp_path / "chromium", (ROOT / "examples/browser/index.html").as_uri())
    browser.until(lambda: browser.run("document.readyState === 'complete' && typeof sell") == "function")
    browser.run(f"document.getElementById('url').value = {json.dumps(store.ready['pos'])}")
    yield browser
    browser.close()


def verdict(page, wanted):
    return page.until(lambda: (text := page.run("document.getElementById('verdict').textContent")) and wanted in text and text)


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
