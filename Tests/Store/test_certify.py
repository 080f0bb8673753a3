"""The conformance kit as a program, with points of sale that are programs: the Python example passes, others do not."""
import json
import re
import signal
import ssl
import subprocess
import threading
import urllib.request

import pytest
from chromium import Browser
from conftest import BIN, PATIENCE, POS, ROOT


class Kit:
    """`countertop-lab certify` on free ports, twenty times as fast as for people."""

    def __init__(self, folder, patience=60):
        self.folder = folder
        self.process = subprocess.Popen(
            [BIN / "countertop-lab", "certify", "--listen", "127.0.0.1:0", "--control-port", "0", "--unit", "50", "--patience", str(patience),
             "--json", folder / "report.json", "--tls", folder / "tls"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.stories = []

    def tell(self, sale, outcome):
        body = json.dumps({"uniqueTransactionId": sale, "outcome": outcome}).encode()
        urllib.request.urlopen(urllib.request.Request(self.ready["control"] + "certify/outcome", data=body), timeout=PATIENCE).close()

    def watch(self, on_story):
        def read():
            for line in self.process.stderr:
                self.stories.append(line)
                on_story(line)
        threading.Thread(target=read, daemon=True).start()

    def report(self):
        """Exit code and the verdict of each point."""
        text, _ = self.process.communicate(timeout=PATIENCE * 3) if not self.stories else (self.process.stdout.read(), None)
        code = self.process.wait(PATIENCE)
        points = json.loads((self.folder / "report.json").read_text())["points"]
        assert all(point["point"] in text for point in points)
        return code, {point["point"]: point["verdict"] for point in points}

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def kit(tmp_path):
    kit = Kit(tmp_path)
    yield kit
    kit.close()


def test_the_python_example_passes_every_point(kit):
    pos = subprocess.Popen(
        [ROOT / ".venv/bin/python", ROOT / "examples/python/sale.py", kit.ready["pos"], "500", "14"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    try:
        kit.watch(lambda line: pos.send_signal(signal.SIGINT) if "press Cancel now" in line else None)
        for line in pos.stdout:
            said.append(line)
            if told := re.fullmatch(r"Sale (\w+): (approved|not approved)\n", line):
                try:
                    kit.tell(told[1], "approved" if told[2] == "approved" else "unknown")
                except OSError:
                    break  # the kit has seen enough
    finally:
        pos.kill()
        pos.wait()
        pos.stdout.close()
    code, verdicts = kit.report()
    assert set(verdicts.values()) == {"passed"} and code == 0, f"{verdicts}\n{kit.stories}\n{said}"


def test_the_browser_example_passes_every_point(kit, tmp_path):
    browser = Browser(tmp_path / "chromium", (ROOT / "examples/browser/index.html").as_uri())
    presses = []
    try:
        browser.until(lambda: browser.run("typeof sell") == "function", "its script")
        browser.run(f"document.getElementById('url').value = {json.dumps(kit.ready['pos'])}")
        browser.run("window.outcomes = []; addEventListener('sale', (event) => { window.outcomes.push(event.detail); }); null")
        kit.watch(lambda line: presses.append(line) if "press Cancel now" in line else None)
        while kit.process.poll() is None:
            if presses:
                presses.clear()
                browser.run("document.getElementById('cancel').click()")
            for outcome in browser.run("window.outcomes.splice(0)"):
                try:
                    kit.tell(outcome["id"], "approved" if outcome["approved"] else "unknown")
                except OSError:
                    break  # the kit has seen enough
            browser.run("if (!sale) document.getElementById('sell').click()")
    finally:
        browser.close()
    code, verdicts = kit.report()
    assert set(verdicts.values()) == {"passed"} and code == 0, f"{verdicts}\n{kit.stories}"


def test_a_pos_that_only_sells_and_hangs_up_is_told_what_it_lacks(tmp_path):
    kit = Kit(tmp_path, patience=3)
    pos = POS(kit.ready["pos"])
    assert pos.sale(500, uniqueTransactionId="A1")["approval"] == "approved"
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="A2")
    pos.wait_for_status("Communication")
    pos.cut()
    code, verdicts = kit.report()
    assert code == 1
    assert {point for point, verdict in verdicts.items() if verdict == "failed"} == {"waitsForFinal", "heartbeat", "sendsVendorID"}
    assert verdicts["oneOperationAtATime"] == "passed" and verdicts["unknownResult"] == "notSeen"


def test_a_pos_that_never_comes_is_not_certified(tmp_path):
    kit = Kit(tmp_path, patience=1)
    code, verdicts = kit.report()
    assert code == 2 and set(verdicts.values()) == {"notSeen"}


def test_the_same_port_takes_tls(kit):
    pos = POS(kit.ready["posTLS"], ssl=ssl.create_default_context(cafile=kit.ready["ca"]))
    assert pos.ask(operation="GetInformation")["result"] == "0"
    pos.close()
    with urllib.request.urlopen(kit.ready["control"] + "certify/report", timeout=PATIENCE) as answer:
        report = json.loads(answer.read())
    assert {point["point"]: point["verdict"] for point in report["points"]}["heartbeat"] == "passed" and report["certified"] is False
