#!/usr/bin/env python3
"""The POS API beside its peers, in one run: `GetInformation` against node `ws` (Debian node-ws) sending the same answer and against an echo of nothing
but SwiftNIO; connections opened and closed; a Status from its cause to the POS.

Processor time is read from /proc, rounds are interleaved and every figure is their median, the client is raw sockets (raw_client.py). A peer that is
missing is reported as missing, and the exit code is 1 when a goal is missed or a peer is missing."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import raw_client
from bench import BIN, cpu_seconds, demo
from websockets.sync.client import connect

BENCHMARK = pathlib.Path(os.environ.get("COUNTERTOP_BIN", pathlib.Path(__file__).resolve().parents[2] / ".build/release")) / "APIBenchmark"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 5))
MESSAGES = int(os.environ.get("BENCH_MESSAGES", 16_000))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", 60_000))
REQUEST = json.dumps({"operation": "GetInformation"})
ECHO, NODE_WS = "bare SwiftNIO echo", "node ws"
NODE = """
const WebSocket = require('/usr/share/nodejs/ws');
const server = new WebSocket.Server({host: '127.0.0.1', port: 0, perMessageDeflate: false}, () => console.log(server.address().port));
server.on('connection', (socket) => socket.on('message', () => socket.send(ANSWER)));
"""
missed = []


def goal(text, value, limit, unit=""):
    met = value <= limit
    print(f"  {text}: {value:.2f}{unit}  (goal <= {limit}{unit}{'' if met else ': MISSED'})")
    if not met:
        missed.append(text)


def started(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, f"ws://127.0.0.1:{process.stdout.readline().strip()}/"


def information(ready, answer):
    sides, children = {"countertop": (ready["terminalPID"], ready["pos"])}, []
    process, url = started([BENCHMARK, "echo"])
    children.append(process)
    sides[ECHO] = (process.pid, url)
    if shutil.which("node") and pathlib.Path("/usr/share/nodejs/ws").exists():
        process, url = started(["node", "-e", NODE.replace("ANSWER", json.dumps(answer))])
        children.append(process)
        sides[NODE_WS] = (process.pid, url)
    else:
        print("MISSING peer: node ws (apt-get install nodejs node-ws)")
        missed.append("peer node ws")
    request = raw_client.frame(REQUEST)
    try:
        for connections in (1, 8):
            cpu, p50s, p99s, rates = {}, {}, {}, {}
            for number in range(ROUNDS + 1):
                for name, (pid, url) in sides.items():
                    before, start = cpu_seconds(pid), time.perf_counter()
                    times = raw_client.round_trips(url, connections, MESSAGES // connections, request)
                    if number:  # the first round warms up
                        cpu.setdefault(name, []).append((cpu_seconds(pid) - before) / len(times) * 1e6)
                        rates.setdefault(name, []).append(len(times) / (time.perf_counter() - start))
                        ordered = sorted(times)
                        p50s.setdefault(name, []).append(statistics.median(ordered))
                        p99s.setdefault(name, []).append(ordered[int(len(ordered) * 0.99)])
            print(f"GetInformation, {connections} connection(s), {ROUNDS} interleaved rounds of {MESSAGES}; answer of {len(answer)} bytes")
            # Each round's own, and their median: what another program did to one round is not the server's.
            p50, p99 = ({name: statistics.median(rounds[name]) for name in sides} for rounds in (p50s, p99s))
            for name in sides:
                print(
                    f"  {name:20} cpu {statistics.median(cpu[name]):6.1f} us  {statistics.median(rates[name]):8.0f}/s"
                    f"  p50 {p50[name]:7.1f} us  p99 {p99[name]:7.1f} us")
            ours = statistics.median(cpu["countertop"])
            goal(f"cpu beside {ECHO}", ours / statistics.median(cpu[ECHO]), 1.3)
            if NODE_WS in cpu:
                goal(f"cpu beside {NODE_WS}", ours / statistics.median(cpu[NODE_WS]), 1.0)
                goal(f"p50 beside {NODE_WS}", p50["countertop"] / p50[NODE_WS], 1.0)
                goal(f"p99 beside {NODE_WS}", p99["countertop"] / p99[NODE_WS], 1.0)
    finally:
        for child in children:
            child.terminate()
            child.wait()


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def own_megabytes(pid):
    """Without the pages of program files: how many of those are in memory depends on which parts have ever run, such as the host's first echo test."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise LookupError("RssAnon")


def storm(url, count, at_once=6):
    """Opened, asked and closed `count` times, from as many addresses as are at work at once."""
    request, failures = raw_client.frame(REQUEST), []

    def work(number):
        try:
            for _ in range(count // at_once):
                client = raw_client.Raw(url, f"127.0.0.{2 + number}")
                assert client.ask(request)[0] == 1
                client.close()
        except (OSError, AssertionError) as error:
            failures.append(f"127.0.0.{2 + number}: {error!r}")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [], failures


def settled(pid, files):
    """The last connections are let go of within a moment."""
    end = time.monotonic() + 10
    while descriptors(pid) > files and time.monotonic() < end:
        time.sleep(0.05)


def connections(ready):
    pid, url = ready["terminalPID"], ready["pos"]
    files = descriptors(pid)
    storm(url, max(600, CONNECTIONS // 10))
    settled(pid, files)
    memory = own_megabytes(pid)
    start = time.perf_counter()
    storm(url, CONNECTIONS)
    wall = time.perf_counter() - start
    settled(pid, files)
    after, after_files = own_megabytes(pid), descriptors(pid)
    print(f"{CONNECTIONS} connections opened, asked and closed from 6 addresses in {wall:.1f} s")
    print(f"  own memory {memory:.1f} -> {after:.1f} MB, descriptors {files} -> {after_files}")
    goal("seconds for them", wall * 60_000 / CONNECTIONS, 60, " s")
    goal("memory that they leave", after - memory, 1, " MB")
    goal("descriptors that they leave", after_files - files, 0)


def status():
    found = json.loads(subprocess.run([BENCHMARK, "status", "5000"], check=True, capture_output=True, text=True).stdout)
    print(f"A step of the terminal to its Status at the POS, {found['count']} times: p50 {found['p50']:.0f} us, worst {found['max']:.0f} us")
    goal("p99 of a Status", found["p99"] / 1000, 1, " ms")


def main():
    with tempfile.TemporaryDirectory() as folder:
        process, ready = demo(folder)
        try:
            with connect(ready["pos"], proxy=None) as socket:
                socket.send(REQUEST)
                answer = socket.recv()
            information(ready, answer)
            connections(ready)
        finally:
            process.terminate()
            process.wait()
    status()
    if missed:
        print(f"MISSED: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
