"""Headless Chromium, driven over its debugging protocol."""
import base64
import json
import os
import pathlib
import re
import subprocess
import time

import pytest
from conftest import PATIENCE, ROOT
from websockets.sync.client import connect

KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "ArrowRight": 39, " ": 32}


class Browser:
    """One page of a Chromium started for it. What the page complains of (script errors, content security policy) is in `complaints`."""

    def __init__(self, folder, page, size=(1600, 1000)):
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
             f"--window-size={size[0]},{size[1]}", "--hide-scrollbars", f"--user-data-dir={folder}", "about:blank"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        found = None
        for line in self.process.stderr:
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        assert found, "Chromium ended before it listened"
        self.socket = connect(found.group(1), max_size=None, proxy=None, open_timeout=PATIENCE)
        self.count = 0
        self.complaints = []
        self.session = None
        target = self.until(lambda: next((t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"), None), "a page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ["Runtime", "Log", "Page"]:
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)
        self.open(page)

    def open(self, page):
        self.call("Page.navigate", url=page)
        self.until(lambda: self.run("location.href !== 'about:blank' && document.readyState") == "complete", f"{page} to load")

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        while True:
            answer = json.loads(self.socket.recv(timeout=PATIENCE))
            self.noted(answer)
            if answer.get("id") == self.count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def noted(self, event):
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(event["params"]["exceptionDetails"].get("exception", {}).get("description", "exception"))
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.complaints.append(event["params"]["entry"]["text"])

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def until(self, condition, what):
        """Asks until `condition()` gives something; its answer."""
        end = time.monotonic() + PATIENCE * 2
        while time.monotonic() < end:
            if found := condition():
                return found
        shown = self.session and self.run("document.body.innerText")
        pytest.fail(f"the page never got to {what}; it shows:\n{shown}\ncomplaints: {self.complaints}")

    def has(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}) !== null")

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''")

    def until_text(self, selector, wanted):
        return self.until(lambda: (text := self.text(selector)) and wanted in text and text, f"{selector} saying {wanted!r}")

    def click(self, selector):
        """Where a person would: the middle of the element, which must be visible and enabled."""
        box = self.until(lambda: self.run(f"""(() => {{
            const found = document.querySelector({json.dumps(selector)});
            if (!found || found.disabled) return null;
            found.scrollIntoView({{ block: "center", inline: "center" }});
            const box = found.getBoundingClientRect();
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            const top = document.elementFromPoint(x, y);
            return top && (found === top || found.contains(top)) ? [x, y] : null;
        }})()"""), f"{selector} being there to click")
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def key(self, key, modifiers=0):
        code = KEYS.get(key, ord(key.upper()[0]))
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 and not modifiers else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, modifiers=modifiers, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code, modifiers=modifiers)

    def choose(self, selector, value):
        """A choice of a select, with the event that a person's choice makes."""
        self.run(f"""(() => {{ const found = document.querySelector({json.dumps(selector)});
            found.value = {json.dumps(value)}; found.dispatchEvent(new Event("change", {{ bubbles: true }})); }})()""")

    def screenshot(self, name):
        """Kept in `$ARTIFACTS`, which .ci/run sets."""
        folder = pathlib.Path(os.environ.get("ARTIFACTS", ROOT / "artifacts"))
        os.makedirs(folder, exist_ok=True)
        (folder / f"{name}.png").write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stderr.close()
