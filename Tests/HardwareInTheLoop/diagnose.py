"""diagnose.py COUNTERTOP…: `countertop diagnose` of one device of every kind, as text and as JSON: all are opened and answer, tell their firmware, and every
finding that is not fine ends with what to do. Exit code 0 when it is so."""
import json
import subprocess
import sys

KINDS = {"chip", "pinpad", "stripe", "contactless", "printer"}
DEVICES = 8


def run(*arguments):
    result = subprocess.run([*sys.argv[1:], "diagnose", *arguments], stdout=subprocess.PIPE, text=True, timeout=180)
    # 0 to 2 is a report; anything else is a crash.
    assert result.returncode in (0, 1, 2), result
    return result.stdout, result.returncode


out, code = run("--json")
report = json.loads(out)
for device in report["devices"]:
    print(device["kinds"], device["model"], device["firmware"], [(f["check"], f["severity"], f["message"]) for f in device["findings"]])
assert len(report["devices"]) == DEVICES and {kind for device in report["devices"] for kind in device["kinds"]} == KINDS
for device in report["devices"]:
    checks = {finding["check"]: finding for finding in device["findings"]}
    assert device["firmware"] and device["node"] and device["path"] and device["driver"], device
    for check in ("permission", "claim", "descriptors", "selfTest"):
        assert checks[check]["severity"] == "fine", (device["model"], checks[check])
findings = [finding for device in report["devices"] for finding in device["findings"]] + report["system"]
for finding in findings:
    assert (finding["severity"] == "fine") != bool(finding.get("remedy")), finding
# A machine without the service, without a time service: not everything is fine here, so that the rule above says something.
assert any(finding.get("remedy") for finding in report["system"]), report["system"]
assert code == {"fine": 0, "warning": 1, "fault": 2}[max((f["severity"] for f in findings), key=["fine", "warning", "fault"].index)]

text, _ = run()
lines = text.rstrip().split("\n")
for number, line in enumerate(lines):
    if line.lstrip().startswith(("WARNING", "FAULT")):
        assert lines[number + 1].lstrip().startswith("→ "), line
print(f"{len(findings)} findings, {sum('remedy' in f for f in findings)} with a remedy")
