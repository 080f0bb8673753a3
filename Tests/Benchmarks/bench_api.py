#!/usr/bin/env python3
"""The POS API beside its peers, in one run: `GetInformation` against node `ws` (Debian node-ws) sending a constant answer and against the echo of our
own WebSocket stack without messages (`countertop-lab echo`); connections opened and closed; a push against polling.

Processor time is read from /proc, rounds are interleaved. A peer that is missing is reported as missing."""
import asyncio
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from websockets.asyncio.client import connect

from bench import BIN, cpu_seconds, demo, resident_megabytes

ROUNDS = int(os.environ.get("BENCH_ROUNDS", 5))
MESSAGES = int(os.environ.get("BENCH_MESSAGES", 2000))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", 60_000))
REQUEST = json.dumps({"operation": "GetInformation"})

NODE = """
const WebSocket = require('/usr/share/nodejs/ws');
const server = new WebSocket.Server({host: '127.0.0.1', port: 0, perMessageDeflate: false}, () => console.log(server.address().port));
server.on('connection', (socket) => socket.on('message', () => socket.send(ANSWER)));
"""


async def round_trips(url, connections, count):
    """Latencies in microseconds of `count` requests on each connection at once."""
    async def one():
        times = []
        async with connect(url, compression=None, ping_interval=None, proxy=None) as socket:
            for _ in range(count):
                start = time.perf_counter_ns()
                await socket.send(REQUEST)
                await socket.recv()
                times.append((time.perf_counter_ns() - start) / 1000)
        return times
    return sum(await asyncio.gather(*(one() for _ in range(connections))), [])


def information(ready, answer):
    sides = {"countertop": (ready["terminalPID"], ready["pos"])}
    children = []
    echo = subprocess.Popen([BIN / "countertop-lab", "echo", "--port", "0"], stdout=subprocess.PIPE, text=True)
    children.append(echo)
    line = echo.stdout.readline()
    port = "".join(character for character in line.rsplit(":", 1)[-1] if character.isdigit())
    sides["echo of the same stack"] = (echo.pid, f"ws://127.0.0.1:{port}/")
    if shutil.which("node") and pathlib.Path("/usr/share/nodejs/ws").exists():
        node = subprocess.Popen(["node", "-e", NODE.replace("ANSWER", json.dumps(answer))], stdout=subprocess.PIPE, text=True)
        children.append(node)
        sides["node ws"] = (node.pid, f"ws://127.0.0.1:{node.stdout.readline().strip()}/")
    else:
        print("MISSING peer: node ws (apt-get install nodejs node-ws)")
    try:
        for connections in (1, 8):
            cpu, latencies, walls = {}, {}, {}
            for number in range(ROUNDS + 1):
                for name, (pid, url) in sides.items():
                    before, start = cpu_seconds(pid), time.perf_counter()
                    times = asyncio.run(round_trips(url, connections, MESSAGES // connections))
                    if number:  # the first round warms up
                        cpu.setdefault(name, []).append((cpu_seconds(pid) - before) / len(times) * 1e6)
                        walls.setdefault(name, []).append(len(times) / (time.perf_counter() - start))
                        latencies.setdefault(name, []).extend(times)
            print(f"GetInformation, {connections} connection(s), {ROUNDS} interleaved rounds of {MESSAGES}")
            for name in sides:
                ordered = sorted(latencies[name])
                print(
                    f"  {name:24} cpu {statistics.median(cpu[name]):6.1f} us  {statistics.median(walls[name]):8.0f}/s"
                    f"  p50 {statistics.median(ordered):7.1f} us  p99 {ordered[int(len(ordered) * 0.99)]:7.1f} us")
            ours = statistics.median(cpu["countertop"])
            for name, goal in (("node ws", 1.0), ("echo of the same stack", 1.3)):
                if name in cpu:
                    print(f"  cpu beside {name}: {ours / statistics.median(cpu[name]):.2f}  (goal <= {goal})")
    finally:
        for child in children:
            child.terminate()


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


async def storm(url, count, at_once=8):
    left = count

    async def worker(number):
        nonlocal left
        local = (f"127.0.0.{2 + number}", 0)
        while left > 0:
            left -= 1
            async with connect(url, compression=None, ping_interval=None, proxy=None, local_addr=local) as socket:
                await socket.send(REQUEST)
                await socket.recv()
    await asyncio.gather(*(worker(number) for number in range(at_once)))


def connections(ready):
    pid, url = ready["terminalPID"], ready["pos"]
    asyncio.run(storm(url, min(2000, CONNECTIONS)))
    memory, files = resident_megabytes(pid), descriptors(pid)
    start = time.perf_counter()
    asyncio.run(storm(url, CONNECTIONS))
    wall = time.perf_counter() - start
    time.sleep(3)
    print(f"{CONNECTIONS} connections opened, asked and closed from 8 addresses in {wall:.1f} s ({CONNECTIONS / wall * 60:.0f} a minute; goal 60000)")
    print(f"  resident {memory:.1f} -> {resident_megabytes(pid):.1f} MB, descriptors {files} -> {descriptors(pid)} (goal: flat)")


async def push_against_polling(ready, events=20):
    """From a cause (a reader unplugged or plugged in) to the POS knowing: an Event that is pushed, against asking every 250 ms, side by side."""
    import urllib.request

    def lab(action):
        body = json.dumps({"device": "chip", "action": action}).encode()
        urllib.request.urlopen(urllib.request.Request(ready["console"].rstrip("/") + "/lab/device", data=body)).read()

    pushed, polled = [], []
    options = {"compression": None, "ping_interval": None, "proxy": None}
    async with connect(ready["pos"], **options) as listener, connect(ready["pos"], **options) as poller:
        await listener.send(json.dumps({"operation": "Subscribe", "events": ["device"]}))
        await listener.recv()

        async def push(state):
            while json.loads(await listener.recv())["device"]["state"] != state:
                pass
            return time.perf_counter()

        async def poll(state, phase):
            await asyncio.sleep(phase)
            while True:
                await poller.send(REQUEST)
                devices = json.loads(await poller.recv())["information"]["devices"]
                if any(device["kind"] == "chip" and device["state"] == state for device in devices):
                    return time.perf_counter()
                await asyncio.sleep(0.25)

        for number in range(events):
            action, state = ("plug", "ready") if number % 2 else ("unplug", "absent")
            waiting = asyncio.gather(push(state), poll(state, number * 97 % 250 / 1000))
            start = time.perf_counter()
            await asyncio.to_thread(lab, action)
            at_push, at_poll = await waiting
            pushed.append((at_push - start) * 1000)
            polled.append((at_poll - start) * 1000)
    print(f"From the cause to the POS, {events} events: pushed p50 {statistics.median(pushed):.1f} ms, worst {max(pushed):.1f} ms")
    print(f"  the same events by asking every 250 ms: p50 {statistics.median(polled):.1f} ms, worst {max(polled):.1f} ms")


def main():
    with tempfile.TemporaryDirectory() as folder:
        process, ready = demo(folder)
        try:
            from websockets.sync.client import connect as connect_now
            with connect_now(ready["pos"], proxy=None) as socket:
                socket.send(REQUEST)
                answer = socket.recv()
            information(ready, answer)
            connections(ready)
            asyncio.run(push_against_polling(ready))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
