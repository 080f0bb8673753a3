"""table.py SHARE: what ran in the virtual machine, by device and case. Exit code 1 when something failed or nothing ran."""
import pathlib
import re
import sys

share = pathlib.Path(sys.argv[1])
# Which device a suite or a case is about.
DEVICES = [
    (r"CCID|chip|The peer", "chip reader (CCID)"), (r"MagTek|MagneSafe|DynaPro|Stripe", "MagTek"), (r"IDTech|ViVO|SmartPIN|SecureMag|NEO", "ID TECH"),
    (r"[Pp]rinter|ESCPOS", "printer"), (r"registry|Plug and unplug|a hub", "registry, hotplug"),
    (r"A bus", "any device (bus)"), (r"^all$", "all"),
]


# The suite of everything that is no chip reader: its tests say the device.
MIXED = "Stripe readers, PIN pads"


def device(name):
    return next((title for pattern, title in DEVICES if re.search(pattern, name)), "other")


rows = []
bodies = share / "bodies.log"
if bodies.exists():
    # One suite after the other: what Swift Testing says as it goes. A test that was skipped or cancelled did not run here, and is not called passed.
    suite = ""
    for line in bodies.read_text(errors="replace").splitlines():
        if started := re.search(r"Suite (.*) started\.$", line):
            suite = started[1]
        elif found := re.search(r'Test "(.*?)" (?:with \d+ test cases? )?(passed|failed|was cancelled) after ([\d.]+) seconds', line):
            outcome = {"passed": "pass", "failed": "FAIL", "was cancelled": "not here"}[found[2]]
            rows.append((device(found[1] if MIXED in suite else suite), found[1], outcome, float(found[3])))
        elif skipped := re.search(r'Test "(.*?)" skipped', line):
            rows.append((device(skipped[1] if MIXED in suite else suite), skipped[1], "not here", 0.0))
results = share / "results"
if results.exists():
    for line in results.read_text().splitlines():
        _, what, outcome, seconds, name = line.split("|", 4)
        rows.append((device(what), name, outcome, float(seconds)))
if not any(outcome == "pass" for _, _, outcome, _ in rows):
    print("No case ran.")
    sys.exit(1)

width = max(len(row[0]) for row in rows) + 2
for title, name, outcome, seconds in sorted(rows, key=lambda row: row[0]):
    print(f"{title:{width}}{outcome:9}{seconds:7.2f} s  {name}")
counts = {}
for _, _, outcome, _ in rows:
    counts[outcome] = counts.get(outcome, 0) + 1
print(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
sys.exit(1 if "FAIL" in counts else 0)
