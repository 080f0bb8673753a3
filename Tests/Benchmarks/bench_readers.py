"""The same virtual reader and card through our drivers and through pcscd with libccid: the same answers, and what an APDU and a plug cost each.

Runs inside the laboratory's virtual machine (`make hil`, and as a part of `make bench`), on a real kernel with real libusb and udev."""
import argparse
import json
import os
import pathlib
import plistlib
import statistics
import subprocess
import sys
import time

PATIENCE = 120
APDUS = [
    "00A404000E315041592E5359532E444446303100",  # SELECT PSE
    "00B2010C00",  # READ RECORD of what is selected, or its refusal
    "80CA9F1700",  # GET DATA, PIN try counter
    "0084000008",  # GET CHALLENGE
]
# GET CHALLENGE answers differently each time; its length and status are compared.
RANDOM = {3}


class Devices:
    """The lab's reader, plugged into this kernel."""

    def __init__(self, binaries):
        self.process = subprocess.Popen(
            [binaries / "countertop-lab", "devices", "--kernel", "--card", "visa-credit"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert json.loads(self.process.stdout.readline())["ready"]
        self.order("unplug")

    def order(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", f"{line}: {answer}"

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def processor_seconds(pid):
    """All threads of a process, also those that have ended: the process's own processor clock, in nanoseconds, not ticks."""
    # clock_getcpuclockid(3), which Python has only for threads.
    return time.clock_gettime(~pid << 3 | 2)


def run(command, devices, daemon=None):
    """Starts a client, plugs the reader in once it waits, and reads its line; adds the time from plug to usable and the daemon's share."""
    client = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "waiting" not in (line := client.stderr.readline()):
        assert line, f"{command[0]} ended before it waited"
    before = processor_seconds(daemon) if daemon else 0
    plugged = time.time()
    devices.order("plug")
    line = client.stdout.readline()
    assert line, f"{command[0]} failed: {client.stderr.read()}"
    result = json.loads(line)
    result["secondsFromPlug"] = result["usableAt"] - plugged
    if daemon:
        result["daemonSeconds"] = processor_seconds(daemon) - before
    client.stdin.close()
    assert client.wait(PATIENCE) == 0, client.stderr.read()
    print(f"{pathlib.Path(command[0]).name}: {result['secondsFromPlug']:.2f} s from plug", file=sys.stderr, flush=True)
    devices.order("unplug")
    subprocess.run(["udevadm", "settle", "--timeout=20"], check=True)
    return result


def introduce():
    """libccid drives readers that it knows by number; the lab's is none of them. In the virtual machine nothing of this stays."""
    path = pathlib.Path("/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist").resolve()
    known = plistlib.loads(path.read_bytes())
    for key, value in (("ifdVendorID", "0x1209"), ("ifdProductID", "0xC07E"), ("ifdFriendlyName", "Virtual Chip Reader")):
        known[key].append(value)
    path.write_bytes(plistlib.dumps(known))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=pathlib.Path, default=pathlib.Path(".build/release"))
    parser.add_argument("--peer", type=pathlib.Path, required=True, help="the compiled peer.c")
    parser.add_argument("--apdus", type=int, default=200, help="rounds of the APDUs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()

    devices = Devices(options.binaries)
    ours = [run([options.binaries / "countertop-lab", "apdu", "--rounds", options.apdus, *APDUS], devices) for _ in range(options.repeats)]

    introduce()
    os.makedirs("/run/pcscd", exist_ok=True)
    daemon = subprocess.Popen(["pcscd", "--foreground"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    theirs = []
    assert daemon.poll() is None, "pcscd ended at once"
    for _ in range(options.repeats):
        # One round alone says what plugging costs the daemon; that is not counted to the APDUs.
        once = run([options.peer, "1", *APDUS], devices, daemon.pid)
        many = run([options.peer, options.apdus, *APDUS], devices, daemon.pid)
        share = max(0, many["daemonSeconds"] - once["daemonSeconds"]) / ((options.apdus - 1) * len(APDUS))
        many["processorSecondsPerAPDU"] += share
        many["secondsFromPlug"] = min(many["secondsFromPlug"], once["secondsFromPlug"])
        theirs.append(many)
    daemon.terminate()
    daemon.wait(PATIENCE)
    devices.close()

    for mine, other in zip(ours, theirs):
        assert mine["atr"] == other["atr"] and mine["atr"], f"ATR: ours {mine['atr']}, theirs {other['atr']}"
        for index, (left, right) in enumerate(zip(mine["answers"], other["answers"])):
            same = (len(left), left[-4:]) == (len(right), right[-4:]) if index in RANDOM else left == right
            assert same and left, f"{APDUS[index]}: ours {left}, theirs {right}"
    print(f"ATR {ours[0]['atr']} and the answers to {len(APDUS)} APDUs are the same")

    def median(results, key):
        return statistics.median(result[key] for result in results) * 1000

    rows = {
        "processor time per APDU, ms": "processorSecondsPerAPDU", "wall time per APDU, ms": "secondsPerAPDU", "from plug to usable, ms": "secondsFromPlug"}
    figures = {}
    print(f"{'':32}{'countertop':>12}{'pcscd':>12}{'ratio':>8}")
    for title, key in rows.items():
        mine, other = median(ours, key), median(theirs, key)
        figures[key] = {"countertop": mine, "pcscd": other}
        print(f"{title:32}{mine:12.3f}{other:12.3f}{mine / other if other else 0:8.2f}")
    if options.output:
        options.output.write_text(json.dumps({"atr": ours[0]["atr"], "milliseconds": figures}))


if __name__ == "__main__":
    sys.exit(main())
