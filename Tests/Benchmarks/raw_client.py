"""A WebSocket client that costs next to nothing, so that a server is measured and not its client: raw sockets, one frame made once."""
import select
import socket
import struct
import time
import urllib.parse

HANDSHAKE = (
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()


def frame(text):
    """A masked text frame; the mask is zeros."""
    body = text.encode()
    assert len(body) < 126
    return struct.pack("!BBI", 0x81, 0x80 | len(body), 0) + body


CLOSE = struct.pack("!BBIH", 0x88, 0x82, 0, 1000)


class Raw:
    def __init__(self, url, source=None):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(30)
        if source:
            # The kernel chooses the port when it knows both ends, so that ports of closed connections are no limit.
            self.socket.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            self.socket.bind((source, 0))
        self.socket.connect((parts.hostname, parts.port))
        self.buffer = b""
        self.socket.sendall(HANDSHAKE)
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101"), head

    def fill(self):
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("closed by the server")
        self.buffer += more

    def whole(self):
        """The first frame, taken out of what has arrived; `None` while it is not whole."""
        data = self.buffer
        if len(data) < 2:
            return None
        length, start = data[1] & 0x7F, 2
        if length == 126:
            if len(data) < 4:
                return None
            length, start = struct.unpack_from("!H", data, 2)[0], 4
        elif length == 127:
            if len(data) < 10:
                return None
            length, start = struct.unpack_from("!Q", data, 2)[0], 10
        if len(data) < start + length:
            return None
        self.buffer = data[start + length:]
        return data[0] & 0x0F, data[start:start + length]

    def receive(self):
        while (found := self.whole()) is None:
            self.fill()
        return found

    def ask(self, request):
        self.socket.sendall(request)
        return self.receive()

    def close(self):
        """As a client that is through: a close frame, its echo, the end."""
        self.socket.sendall(CLOSE)
        while self.receive()[0] != 8:
            pass
        self.socket.close()


def round_trips(url, connections, count, request):
    """`count` requests on each connection, one at a time on each and all connections at once: latencies in microseconds."""
    clients = [Raw(url) for _ in range(connections)]
    poll = select.epoll()
    by_descriptor = {client.socket.fileno(): client for client in clients}
    times, left, started = [], {}, {}
    for descriptor, client in by_descriptor.items():
        poll.register(descriptor, select.EPOLLIN)
        left[descriptor], started[descriptor] = count, time.perf_counter_ns()
        client.socket.sendall(request)
    open_ones = len(clients)
    while open_ones:
        for descriptor, _ in poll.poll():
            client = by_descriptor[descriptor]
            client.fill()
            while client.whole():
                now = time.perf_counter_ns()
                times.append((now - started[descriptor]) / 1000)
                left[descriptor] -= 1
                if left[descriptor] == 0:
                    open_ones -= 1
                    break
                started[descriptor] = time.perf_counter_ns()
                client.socket.sendall(request)
    poll.close()
    for client in clients:
        client.socket.close()
    return times
