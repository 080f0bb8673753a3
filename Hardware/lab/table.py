"""table.py SHARE: what ran in the virtual machine, by device and case. Exit code 1 when something failed or nothing ran."""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

share = pathlib.Path(sys.argv[1])
# Which device a suite or a case is about.
DEVICES = [
    (r"CCID|chip", "chip reader (CCID)"), (r"MagTek|MagneSafe|DynaPro|Stripe", "MagTek"), (r"IDTech|ViVO|SmartPIN|SecureMag", "ID TECH"),
    (r"Printer|ESCPOS", "printer"), (r"Registry|Cycle", "registry, hotplug"), (r"BusTests", "any device (bus)"),
]


def device(name):
    return next((title for pattern, title in DEVICES if re.search(pattern, name)), "other")


rows = []
bodies = share / "bodies.xml"
if bodies.exists():
    for case in ElementTree.parse(bodies).getroot().iter("testcase"):
        skipped = case.find("skipped") is not None
        outcome = "FAIL" if case.find("failure") is not None else "not here" if skipped else "pass"
        rows.append((device(case.get("classname", "") + "." + case.get("name", "")), case.get("name", ""), outcome, float(case.get("time", 0))))
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
