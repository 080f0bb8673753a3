#!/usr/bin/env python3
"""What the host link costs: ISO 8583 parse and build against PyPI `pyiso8583` on the same messages, and exchanges per second over TLS."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
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
    count, begin = 0, time.process_time()
    while time.process_time() - begin < SECONDS:
        for body in bodies:
            decoded, _ = iso8583.decode(body, spec)
            encoded, _ = iso8583.encode(decoded, spec)
            count += encoded == body
    return count / (time.process_time() - begin)


def ours(bodies):
    result = subprocess.run([BIN / "HostBenchmark", "codec", str(SECONDS)], input="\n".join(body.hex() for body in bodies) + "\n",
                            capture_output=True, text=True, check=True)
    measured = json.loads(result.stdout)
    return measured["messages"] / measured["seconds"]


def field_counts(spec):
    """The same message with 5 fields, with 20, and with 20 of which one, track 2, is a secret."""
    base = sale("iso8583-1993", 1, 500)
    names = sorted((name for name in base if name[1:].isdigit() and name not in ("f2", "f35", "f52", "f53")), key=lambda name: int(name[1:]))
    extra = {"f23": "001", "f30": "0" * 24, "f38": "A12345", "f39": "000", "f54": "0040840D000000000100", "f55": "9F2608112233445566778857"}
    plain = {name: base[name] for name in names} | {name: value for name, value in extra.items() if name not in base}

    def body(fields):
        return bytes(iso8583.encode({name.lstrip("f"): value for name, value in fields.items()}, spec)[0])

    few = body({"ft": "1200"} | {name: plain[name] for name in names[:5]})
    return {"few": (5, few), "many": (len(plain), body({"ft": "1200"} | plain)),
            "secret": (len(plain) + 1, body({"ft": "1200"} | plain | {"f35": "4761739001010119=30122011758928889"}))}


def allocations(what, body):
    """Of one parse or build: the difference between many and twice as many."""
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder) / "allocations.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, ROOT / "Tests/Benchmarks/allocations.c"], check=True)
        counts = []
        for times in (1000, 2000):
            run = subprocess.run([BIN / "HostBenchmark", what, str(times)], input=body.hex() + "\n", capture_output=True, text=True, check=True,
                                 env=os.environ | {"LD_PRELOAD": str(library)})
            counts.append(int(run.stderr.strip().splitlines()[-1]))
        return (counts[1] - counts[0]) / 1000


def codec_allocations(spec):
    """Whether parsing and building cost no allocation for a field; a secret has the two of its own memory and the list it is in."""
    failed = False
    bodies = field_counts(spec)
    for what in ("parse", "build"):
        cost = {name: allocations(what, body) for name, (_, body) in bodies.items()}
        per_field = (cost["many"] - cost["few"]) / (bodies["many"][0] - bodies["few"][0])
        print(f"  allocations of a {what}: {cost['few']:.1f} with {bodies['few'][0]} fields, {cost['many']:.1f} with {bodies['many'][0]}, "
              f"{cost['secret']:.1f} with one secret more  (goal: none for a field beyond its value)")
        failed |= per_field >= 0.05 or cost["secret"] - cost["many"] > (3 if what == "parse" else 0)
    return failed


def main():
    spec = specification("iso8583-1993")
    bodies = list(messages(spec))
    rounds = [(ours(bodies), theirs(bodies, spec)) for _ in range(ROUNDS)]
    us, them = max(rounds, key=lambda pair: pair[0] / pair[1])
    ratios = sorted(our / their for our, their in rounds)
    ratio = ratios[len(ratios) // 2]
    print(f"ISO 8583 parse + build: {us:,.0f} messages/s, pyiso8583 {them:,.0f}; {ratio:.0f} times as fast (median of {ROUNDS}), goal {GOAL}; processor time")
    failed = codec_allocations(spec)
    link = json.loads(subprocess.run([BIN / "HostBenchmark", "link", "3"], capture_output=True, text=True, check=True).stdout)
    print(f"host link over TLS, both ends in one process: {link['1']:,.0f} exchanges/s one after the other, {link['8']:,.0f} with 8 in flight")
    return 0 if ratio >= GOAL and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
