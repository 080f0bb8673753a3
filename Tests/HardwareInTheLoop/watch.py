"""watch.py BINARIES: `countertop devices --watch` on a real kernel sees a plug being put in, pulled and put in again, and says so at once, as text
and as JSON; a termination signal ends it in order. Exit code 0 when it did."""
import json
import pathlib
import queue
import signal
import subprocess
import sys
import threading

BINARIES = pathlib.Path(sys.argv[1])
PATIENCE = 90  # seconds; the guest's processor is emulated


class Program:
    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(line.rstrip()) for line in self.process.stdout], daemon=True).start()

    def line(self):
        return self.lines.get(timeout=PATIENCE)

    def order(self, order):
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        answer = self.line()
        assert answer == "ok", f"{order}: {answer}"

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, f"{self.process.args} ended with {self.process.returncode}"


lab = Program(BINARIES / "countertop-lab", "devices", "--kernel", "--device", "chip")
assert json.loads(lab.line())["ready"]
lab.order("unplug")
subprocess.run(["udevadm", "settle", "--timeout=20"], check=True)
text = Program(BINARIES / "countertop", "devices", "--watch")
machine = Program(BINARIES / "countertop", "devices", "--watch", "--json")
# Nothing but the machine's own hubs is there.
assert text.line() == "No card reader is attached."
assert json.loads(machine.line())["event"] == "none"

# The reader is a PIN pad as well: two devices at one place.
for round in range(2):
    lab.order("plug")
    for _ in range(2):
        told = json.loads(machine.line())
        assert (told["event"], told["usb"], told["state"], told["driver"]) == ("arrived", "1209:C07E", "ready", "ccid"), told
        assert told["path"] and told["model"], told
        line = text.line()
        assert line.startswith("arrived  ") and "1209:C07E" in line and line.endswith("  ready"), line
    lab.order("unplug")
    for _ in range(2):
        told = json.loads(machine.line())
        assert (told["event"], told["usb"], told["state"]) == ("left", "1209:C07E", "absent"), told
        line = text.line()
        assert line.startswith("left  ") and line.endswith("  absent"), line

text.end()
machine.end()
assert text.lines.empty() and machine.lines.empty()
lab.end()
