"""watch.py BINARIES: `countertop devices --watch` on a real kernel sees a plug being put in, pulled and put in again, and says so at once, as text
and as JSON; a termination signal ends it in order. Exit code 0 when it did."""
import atexit
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
        # When something fails nothing stays plugged in for the next case.
        atexit.register(lambda: self.process.poll() is None and (self.process.kill(), self.process.wait(PATIENCE)))
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


def arrived(line):
    """The reader is a PIN pad as well: two devices at one place, each told."""
    assert line.startswith("arrived  ") and "1209:C07E" in line and line.endswith("  ready"), line


def left(line):
    assert line.startswith("left  ") and "1209:C07E" in line and "  absent" in line, line


def arrived_json(line):
    told = json.loads(line)
    assert (told["event"], told["usb"], told["state"], told["driver"]) == ("arrived", "1209:C07E", "ready", "ccid") and told["path"] and told["model"], told


def left_json(line):
    told = json.loads(line)
    assert (told["event"], told["usb"], told["state"]) == ("left", "1209:C07E", "absent"), told


# One after the other: who watches tries the readers, and holds them meanwhile.
for arguments, plugged, unplugged in (((), arrived, left), (("--json",), arrived_json, left_json)):
    watcher = Program(BINARIES / "countertop", "devices", "--watch", *arguments)
    # Nothing but the machine's own hubs is there.
    first = watcher.line()
    assert (json.loads(first)["event"] == "none") if arguments else (first == "No card reader is attached."), first
    for _ in range(2):
        lab.order("plug")
        plugged(watcher.line())
        plugged(watcher.line())
        lab.order("unplug")
        unplugged(watcher.line())
        unplugged(watcher.line())
    watcher.end()
    assert watcher.lines.empty()
lab.end()
