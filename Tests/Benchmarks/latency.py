#!/usr/bin/env python3
"""What a cashier waits for: the same sales on the terminal's WebSocket, and through a REST endpoint that is polled every 250 ms. In one run, in turns.

The endpoint is as good as such a thing can be: it sits on this machine, keeps its own WebSocket to the terminal, and has every message the moment the
terminal sends it. `POST /sale` begins a sale, `GET /sale` tells its state and the last message; the client asks over one connection kept alive.
Prints the table of docs/latency.md."""
import http.client
import http.server
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request

from bench import demo
from websockets.sync.client import connect

SALES = int(os.environ.get("BENCH_SALES", 40))
INTERVAL = 0.25
HOST_LATENCIES = (0, 400)  # ms


class Endpoint:
    """One sale at a time, told by the terminal and asked by whoever polls."""

    def __init__(self, url):
        self.socket = connect(url, proxy=None, ping_interval=None)
        self.messages = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.messages = []
                threading.Thread(target=endpoint.follow, args=(body.decode(),)).start()
                self.answer({"accepted": True})

            def do_GET(self):
                self.answer({"messages": len(endpoint.messages), "last": endpoint.messages[-1][1] if endpoint.messages else None})

            def answer(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def follow(self, request):
        self.socket.send(request)
        while True:
            message = json.loads(self.socket.recv())
            self.messages.append((time.perf_counter(), message))
            if message["operation"] == "Transaction":
                return

    def close(self):
        self.server.shutdown()
        self.socket.close()


def sale(number):
    return json.dumps({"operation": "Transaction", "type": "SALE", "requestedAmount": "500", "uniqueTransactionId": f"L{number}"})


def by_websocket(socket, number):
    """Milliseconds to the final message, and how many messages came on the way."""
    start = time.perf_counter()
    socket.send(sale(number))
    count = 0
    while (message := json.loads(socket.recv()))["operation"] == "Status":
        count += 1
    assert message["approval"] == "approved", message
    return (time.perf_counter() - start) * 1000, count


def by_polling(endpoint, client, number):
    """The same, with the messages that a poll saw, and for how long each of those was known at the endpoint before the client had it."""
    start = time.perf_counter()
    client.request("POST", "/sale", sale(number))
    client.getresponse().read()
    seen, lags, due = 0, [], start
    while True:
        client.request("GET", "/sale")
        found = json.loads(client.getresponse().read())
        now = time.perf_counter()
        if found["messages"] > seen:
            lags.append((now - endpoint.messages[found["messages"] - 1][0]) * 1000)
            seen = found["messages"]
        if found["last"] and found["last"]["operation"] == "Transaction":
            assert found["last"]["approval"] == "approved", found
            return (now - start) * 1000, len(lags) - 1, lags
        due += INTERVAL
        time.sleep(max(0, due - time.perf_counter()))


def main():
    def row(name, *cells):
        print("| " + " | ".join([name, *cells]) + " |")

    def milliseconds(values):
        ordered = sorted(values)
        return f"{statistics.median(ordered):.1f} ms", f"{ordered[int(len(ordered) * 0.95)]:.1f} ms", f"{ordered[-1]:.1f} ms"

    with tempfile.TemporaryDirectory() as folder:
        process, ready = demo(folder)

        def lab(path, **body):
            urllib.request.urlopen(urllib.request.Request(ready["console"].rstrip("/") + path, data=json.dumps(body).encode())).read()

        try:
            lab("/lab/card", automatic="visa-credit")
            socket = connect(ready["pos"], proxy=None, ping_interval=None)
            endpoint = Endpoint(ready["pos"])
            client = http.client.HTTPConnection(*endpoint.server.server_address)
            number = 0
            row("", "median", "95th percentile", "worst", "Status seen a sale")
            row("---", "---", "---", "---", "---")
            for latency in HOST_LATENCIES:
                lab("/lab/host", latencyMs=latency)
                pushed, polled, lags, told, noticed = [], [], [], [], []
                for index in range(SALES + 2):
                    number += 2
                    push, count = by_websocket(socket, number)
                    poll, found, late = by_polling(endpoint, client, number + 1)
                    if index >= 2:  # the first warm up
                        pushed.append(push)
                        polled.append(poll)
                        lags += late
                        told.append(count)
                        noticed.append(found)
                host = f"host answers after {latency} ms"
                row(f"sale, WebSocket, {host}", *milliseconds(pushed), f"{statistics.mean(told):.1f}")
                row(f"sale, REST every 250 ms, {host}", *milliseconds(polled), f"{statistics.mean(noticed):.1f}")
                row(f"of that, known at the endpoint and not at the POS, {host}", *milliseconds(lags), "")
            client.close()
            endpoint.close()
            socket.close()
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
