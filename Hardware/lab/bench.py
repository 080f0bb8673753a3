"""bench.py BINARIES: hardware in the loop with real devices on this machine's USB (`make hil DEVICES=usb`). Asks a person to plug, insert, remove and
unplug, and sees by the program itself that it happened. Prints the same kind of table as the virtual machine; exit code 1 when a case failed."""
import json
import pathlib
import subprocess
import sys
import threading
import time

BINARIES = pathlib.Path(sys.argv[1])
PATIENCE = 60  # seconds a person has for each request
SELECT_PSE = "00A404000E315041592E5359532E444446303100"
rows = []


class Watch:
    """`countertop devices --watch --json`: every plug and unplug, in order."""

    def __init__(self):
        self.process = subprocess.Popen([BINARIES / "countertop", "devices", "--watch", "--json"], stdout=subprocess.PIPE, text=True)
        self.events = []
        self.arrived = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.arrived:
                self.events.append(json.loads(line))
                self.arrived.notify_all()

    def wait(self, what, since):
        """The first event from number `since` on that is `what`; `None` when the person's time is up."""
        end = time.monotonic() + PATIENCE
        with self.arrived:
            while True:
                for event in self.events[since:]:
                    if what(event):
                        return event
                left = end - time.monotonic()
                if left <= 0 or not self.arrived.wait(left):
                    return None


def case(device, name, ok, note=""):
    rows.append((device, name, "pass" if ok else "FAIL", note))
    print(f"  {'pass' if ok else 'FAIL'}  {name}  {note}", flush=True)
    return ok


def ask(text):
    print(f"\n>>> {text}  ({PATIENCE} s)", flush=True)


def apdu(rounds=1):
    return subprocess.Popen(
        [BINARIES / "countertop-lab", "apdu", "--rounds", str(rounds), SELECT_PSE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main():
    watch = Watch()
    ask("Plug in the device to test; unplug and plug it if it is in already.")
    seen = watch.wait(lambda event: event["event"] == "arrived" and event["state"] != "absent", 0)
    if not case("any", "a device that is plugged in is seen", seen is not None):
        return
    device = f"{seen['model']} {seen['usb']}"
    case(device, "it may be opened and answers", seen["state"] == "ready", seen.get("finding", ""))
    watch.process.terminate()
    diagnosis = subprocess.run([BINARIES / "countertop", "diagnose", "--json"], capture_output=True, text=True)
    report = json.loads(diagnosis.stdout)
    faults = [finding["message"] for entry in report["devices"] if entry["path"] == seen["path"] for finding in entry["findings"] if finding["severity"] == "fault"]
    case(device, "countertop diagnose finds no fault in it", not faults, "; ".join(faults))
    if seen["kind"] == "chip":
        ask("Insert a chip card.")
        client = apdu(200)
        try:
            output, errors = client.communicate(timeout=PATIENCE)
            result = json.loads(output) if client.returncode == 0 else {}
        except subprocess.TimeoutExpired:
            client.kill()
            result, errors = {}, "no card"
        case(device, "the card answers to reset and to SELECT", bool(result.get("atr")), f"{result.get('atr', errors)} {result.get('secondsPerAPDU', '')} s an APDU")
        ask("Pull the device's plug now, in the middle of the exchange.")
        client = apdu(10_000_000)
        try:
            client.communicate(timeout=PATIENCE)
            case(device, "unplugged in the middle of a transfer, the exchange ends with an error", client.returncode not in (0, None))
        except subprocess.TimeoutExpired:
            client.kill()
            case(device, "unplugged in the middle of a transfer, the exchange ends with an error", False, "it went on")
    watch = Watch()
    ask("Plug the device in again (unplug it first if it is in).")
    back = watch.wait(lambda event: event["event"] == "arrived" and event["usb"] == seen["usb"] and event["state"] == "ready", 0)
    case(device, "plugged in again it is back by itself", back is not None)
    number = len(watch.events)
    ask("Unplug the device.")
    case(device, "unplugged, it leaves", watch.wait(lambda event: event["event"] == "left" and event["usb"] == seen["usb"], number) is not None)
    watch.process.terminate()


main()
print()
for device, name, outcome, note in rows:
    print(f"{device:40} {outcome:5} {name}  {note}")
sys.exit(0 if rows and all(outcome == "pass" for _, _, outcome, _ in rows) else 1)
