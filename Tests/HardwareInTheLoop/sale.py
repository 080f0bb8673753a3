"""sale.py BINARIES: one sale on a real kernel. The lab's reader is plugged into it, `countertop serve` runs as the user countertop, the host is
the simulator, the point of sale is this script. The plug is pulled before the second sale and put in again: the terminal must come back by itself.
Exit code 0 when the books agree."""
import atexit
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

from websockets.sync.client import connect

BINARIES = pathlib.Path(sys.argv[1])
PATIENCE = 90  # seconds; the guest's processor is emulated


def start(*command, **options):
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=sys.stderr, text=True, **options)
    # When something fails nothing stays plugged in for the next case.
    atexit.register(lambda: process.poll() is None and (process.kill(), process.wait(PATIENCE)))
    return process


def ready(process):
    line = process.stdout.readline()
    assert line, f"{process.args} ended at once"
    return json.loads(line)


folder = pathlib.Path(tempfile.mkdtemp())
devices = start(BINARIES / "countertop-lab", "devices", "--kernel", stdin=subprocess.PIPE)
ready(devices)


def reader(command):
    devices.stdin.write(command + "\n")
    devices.stdin.flush()
    assert devices.stdout.readline().strip() == "ok", command


host = start(BINARIES / "countertop-lab", "host", "--port", "0", "--control-port", "0", "--tls", folder / "host-tls")
where = ready(host)
# The lab's key: the example of RFC 4493, section 4.
(folder / "mac.key").write_text("2B7E151628AED2A6ABF7158809CF4F3C\n")
(folder / "terminal.yaml").write_text(
    f"""terminal:
  id: "LAB00001"
  merchantID: "LABMERCHANT0001"
  merchantName: Laboratory
pos:
  port: 8442
  tlsPort: 0
host:
  primary: {where["host"]}
  tls: true
  ca: {where["ca"]}
  macKey: mac.key
data: {folder}/terminal
""")
subprocess.check_call(["chown", "-R", "countertop:countertop", str(folder)])
os.chmod(folder, 0o755)
os.chmod(folder / "mac.key", 0o600)
terminal = start(
    "setpriv", "--reuid=countertop", "--regid=countertop", "--clear-groups", "--", BINARIES / "countertop", "serve", "--config", folder / "terminal.yaml")


def point_of_sale():
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return connect("ws://127.0.0.1:8442/", open_timeout=PATIENCE, ping_interval=None, proxy=None)
        except OSError:
            assert time.monotonic() < end and terminal.poll() is None, "the terminal does not listen"
            time.sleep(0.2)


pos = point_of_sale()


def ask(**message):
    pos.send(json.dumps(message))
    while True:
        answer = json.loads(pos.recv(timeout=PATIENCE * 2))
        if answer["operation"] != "Status":
            return answer
        print("  status", answer.get("context"), answer.get("text", ""))
        if answer.get("context") == "Card" and not ask.inserted:
            ask.inserted = True
            reader("insert visa-credit")


def until_reader(state):
    end = time.monotonic() + PATIENCE
    while True:
        found = [device["state"] for device in ask(operation="GetInformation")["information"]["devices"] if device["kind"] == "chip"]
        if state in found:
            return
        assert time.monotonic() < end, f"the reader is {found}, not {state}"
        time.sleep(0.2)


total = 0
for number, amount in enumerate((1250, 700), 1):
    until_reader("ready")
    ask.inserted = False
    answer = ask(operation="Transaction", type="SALE", requestedAmount=str(amount), uniqueTransactionId=f"HIL{number}", reference=f"HIL{number}")
    print({key: answer.get(key) for key in ("result", "approval", "entryMode", "responseCode", "TVR", "errorMessage")})
    assert answer["result"] == "0" and answer["approval"] == "approved" and answer["entryMode"] == "Chip", answer
    total += amount
    # Of the certificate that the host showed on the link that is at work.
    findings = ask(operation="Diagnose")["diagnosis"]["system"]
    assert any(f["check"] == "certificate" and "of the host 127.0.0.1" in f["message"] and f["message"].endswith(" days left") for f in findings), findings
    reader("remove")
    reader("unplug")
    until_reader("absent")
    reader("plug")
until_reader("ready")
with urllib.request.urlopen(where["control"].rstrip("/") + "/lab/host/ledger", timeout=PATIENCE) as ledger:
    net = sum(json.loads(ledger.read())["net"].values())
assert net == total, f"the host has {net}, the terminal {total}"
for process in (terminal, devices, host):
    process.terminate()
    assert process.wait(PATIENCE) == 0, process.args
print("net", net)
