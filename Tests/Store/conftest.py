"""The store on one machine, driven from outside as a stranger would: real processes, sockets and disk.

`COUNTERTOP_BIN` names the folder of the programs (default: the release build)."""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from websockets.sync.client import connect

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COUNTERTOP_BIN", ROOT / ".build/release"))
PATIENCE = 60  # seconds that anything which must happen may take on a loaded machine


class POS:
    """One WebSocket connection of a point of sale."""

    def __init__(self, url, **options):
        self.socket = connect(url, open_timeout=PATIENCE, ping_interval=None, proxy=None, **options)

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def receive(self, timeout=PATIENCE):
        return json.loads(self.socket.recv(timeout=timeout))

    def ask(self, timeout=PATIENCE * 3, **message):
        """One request; its final answer, with the Status messages before it under `statuses`."""
        self.send(**message)
        statuses = []
        while True:
            answer = self.receive(timeout)
            if answer["operation"] != "Status":
                return answer | {"statuses": statuses}
            statuses.append(answer)

    def wait_for_status(self, context):
        while True:
            message = self.receive()
            assert message["operation"] == "Status", f"expected Status {context}, got {message}"
            if message["context"] == context:
                return message

    def sale(self, amount, **fields):
        return self.ask(operation="Transaction", type="SALE", requestedAmount=str(amount), **fields)

    def close(self):
        self.socket.close()

    def cut(self):
        """The cable is pulled, as far as one machine can: the socket closes without a goodbye."""
        # Closing alone would wait for the client's own thread, which reads.
        with contextlib.suppress(OSError):  # cut before, or by the other side
            self.socket.socket.shutdown(socket.SHUT_RDWR)
        self.socket.socket.close()


class Store:
    """`countertop-lab demo` in a folder of its own, on free ports."""

    def __init__(self, folder, *arguments, before=()):
        """`before`: a command that runs the demo."""
        self.folder = folder
        command = [*before, BIN / "countertop-lab", "demo", "--data", folder, "--pos-port", "0", "--tls-port", "0", "--host-port", "0", "--console-port", "0"]
        self.errors = open(folder / "lab.err", "ab")
        self.process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=self.errors, text=True)
        first = self.process.stdout.readline()
        assert first, f"the demo ended at once: {(folder / 'lab.err').read_text()}"
        self.ready = json.loads(first)
        assert self.ready["ready"] is True

    def pos(self):
        return POS(self.ready["pos"])

    def get_bytes(self, path):
        with urllib.request.urlopen(self.ready["console"].rstrip("/") + path, timeout=PATIENCE) as answer:
            return answer.read()

    def get(self, path):
        with urllib.request.urlopen(self.ready["console"].rstrip("/") + path, timeout=PATIENCE) as answer:
            body = answer.read()
            return json.loads(body) if answer.headers["Content-Type"].startswith("application/json") else body.decode()

    def post(self, path, body):
        request = urllib.request.Request(
            self.ready["console"].rstrip("/") + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            pytest.fail(f"POST {path} {body}: {error.code} {error.read().decode()}")

    def insert(self, card="visa-credit"):
        self.post("/lab/card", {"action": "insert", "card": card, "reader": "chip"})

    def remove(self):
        self.post("/lab/card", {"action": "remove"})

    def automatic(self, card="visa-credit"):
        self.post("/lab/card", {"automatic": card})

    def ledger(self):
        return self.get("/lab/host/ledger")

    def until(self, condition, what):
        """Asks until `condition()` gives something; its answer. Fails, saying what was waited for, when patience ends."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
        pytest.fail(f"waited {PATIENCE} s for {what}\nledger: {json.dumps(self.ledger())}\nlog: {self.get('/lab/log')[-3000:]}")

    def saw(self, mti):
        """The messages of a type that the host has on its books."""
        return [message for message in self.ledger()["messages"] if message["mti"] == mti]

    def net(self):
        return sum(self.ledger()["net"].values())

    def kill(self):
        self.post("/lab/terminal", {"action": "kill"})

    def kill_at(self, point):
        self.post("/lab/terminal", {"action": "kill", "at": point})

    def start(self):
        self.post("/lab/terminal", {"action": "start"})

    def no_reversal_pending(self):
        with_pos = self.pos()
        try:
            return with_pos.ask(operation="GetInformation")["information"]["pendingReversals"] == "0"
        finally:
            with_pos.close()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail("the demo did not end on SIGTERM")
        finally:
            self.process.stdout.close()
            self.errors.close()


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def pos(store):
    pos = store.pos()
    yield pos
    pos.close()
