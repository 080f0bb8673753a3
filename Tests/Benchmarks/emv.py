#!/usr/bin/env python3
"""What the contact kernel costs: processor time of a whole DDA sale with the longest keys, and TLV parsing against PyPI `pyemv`."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from pyemv import tlv

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COUNTERTOP_BIN", ROOT / ".build/release"))
SECONDS, ROUNDS = 1.0, 5
SALE_GOAL_MS, PARSE_GOAL_US = 2.0, 2.0


def template(primitives):
    """A 70 of 255 bytes with so many primitive objects of tags of one and two bytes."""
    room = 255 - 3
    objects = b""
    for number in range(primitives):
        tag = bytes([0x9F, 0x01 + number % 0x7E]) if number % 2 else bytes([0x80 + number % 0x1E])
        left = room - len(objects) - len(tag) - 1
        length = left if number == primitives - 1 else max(0, left // (primitives - number) - 3)
        objects += tag + bytes([length]) + bytes(1 + (number + i) % 0x7F for i in range(length))
    data = b"\x70\x81" + bytes([len(objects)]) + objects
    assert len(data) == 255, len(data)
    return data


def benchmark(*arguments, text, **options):
    return subprocess.run([BIN / "EMVBenchmark", *map(str, arguments)], input=text, capture_output=True, text=True, check=True, **options)


def sale():
    profile = (ROOT / "Sources/Lab/Cards/Profiles/visa-credit.yaml").read_text()
    assert "keys: remainders" in profile
    results = [json.loads(benchmark("sale", SECONDS, text=profile.replace("keys: remainders", "keys: longest")).stdout) for _ in range(ROUNDS)]
    return statistics.median(result["seconds"] / result["sales"] for result in results) * 1000, results[0]["commands"]


def parsing(data):
    ours, theirs = [], []
    for _ in range(ROUNDS):
        result = json.loads(benchmark("tlv", SECONDS, text=data.hex() + "\n").stdout)
        ours.append(result["seconds"] / result["parsed"] * 1e6)
        count, begin = 0, time.process_time()
        while time.process_time() - begin < SECONDS:
            for _ in range(100):
                tlv.decode(data)
            count += 100
        theirs.append((time.process_time() - begin) / count * 1e6)
    return statistics.median(ours), statistics.median(theirs)


def allocations(data):
    """Of one parse: the difference between many and twice as many."""
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder) / "allocations.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, ROOT / "Tests/Benchmarks/allocations.c"], check=True)
        environment = os.environ | {"LD_PRELOAD": str(library)}
        counts = []
        for times in (1000, 2000):
            run = benchmark("count", times, text=data.hex() + "\n", env=environment)
            counts.append(int(run.stderr.strip().splitlines()[-1]))
        return (counts[1] - counts[0]) / 1000


def main():
    failed = False
    cost, commands = sale()
    print(f"EMV kernel, a DDA sale online with keys of 1984 and 1976 bits, {commands} commands, card and host time out")
    print(f"  processor time a sale  {cost:7.3f} ms  (goal < {SALE_GOAL_MS})   no peer: no other open kernel goes online")
    failed |= cost >= SALE_GOAL_MS
    few, many = template(12), template(44)
    print("TLV, a template of 255 bytes; peer: pyemv.tlv")
    for count, data in ((12, few), (44, many)):
        assert len(tlv.decode(data)["70"]) > 0
        ours, theirs = parsing(data)
        print(f"  {count} primitives  {ours:7.3f} us  (goal < {PARSE_GOAL_US})   peer {theirs:7.2f} us   ratio {ours / theirs:.3f}")
        failed |= ours >= PARSE_GOAL_US
    per_parse = {count: allocations(data) for count, data in ((12, few), (44, many))}
    print(f"  allocations of a parse: {per_parse[12]:.1f} with 12 primitives, {per_parse[44]:.1f} with 44; "
          "two arrays are the result, the rest is that array growing  (goal: none per primitive)")
    failed |= per_parse[44] - per_parse[12] >= 8
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
