"""A point of sale as they are written for the Payment Terminal Application: one connection kept for the day, read only while an operation runs."""
import contextlib
import json
import socket
import ssl
import time
import urllib.parse

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri


class Dropped(Exception):
    """The connection broke while something was waited for."""


class PersistentClient:
    """`wss` on the port that also takes plain connections. Nobody reads while it is idle, so pings stay unanswered until the next operation."""

    GIVES_UP = {"SALE": 150, "REFUND": 120, "VOID": 90}
    CANCEL, RECOVERY = 5, 10  # seconds in all

    def __init__(self, url, authority):
        self.url = url.replace("ws://", "wss://")
        self.context = ssl.create_default_context(cafile=authority)
        self.connections = 0
        self.connect()

    def connect(self):
        parts = urllib.parse.urlsplit(self.url)
        self.socket = self.context.wrap_socket(socket.create_connection((parts.hostname, parts.port), 10), server_hostname=parts.hostname)
        self.protocol = ClientProtocol(parse_uri(self.url))
        self.protocol.send_request(self.protocol.connect())
        self.flush()
        while self.protocol.state is State.CONNECTING:
            self.fill(10)
        if self.protocol.handshake_exc:
            raise self.protocol.handshake_exc
        self.protocol.events_received()
        self.connections += 1

    def flush(self):
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def fill(self, seconds):
        try:
            self.socket.settimeout(max(0.001, seconds))
            data = self.socket.recv(65536)
        except TimeoutError:
            return
        except OSError as error:
            raise Dropped from error
        if not data:
            raise Dropped
        self.protocol.receive_data(data)
        with contextlib.suppress(OSError):
            self.flush()  # pongs

    def send(self, **message):
        self.protocol.send_text(json.dumps(message).encode())
        try:
            self.flush()
        except OSError as error:
            raise Dropped from error

    def messages(self, seconds):
        """What arrives within the time, one after the other."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.fill(left)
            for frame in self.protocol.events_received():
                if frame.opcode is Opcode.CLOSE:
                    raise Dropped
                if frame.opcode is Opcode.TEXT:
                    yield json.loads(frame.data)
        raise AssertionError(f"gave up after {seconds} s")

    def transaction(self, type, on_context=lambda context: None, **fields):
        """The final message. `on_context` sees Status.context, for the screen; when it answers "cancel", that is asked."""
        self.contexts, self.cancelled = [], None
        asked_at = None
        self.send(operation="Transaction", type=type, **fields)
        for message in self.messages(self.GIVES_UP[type]):
            if message["operation"] == "Status":
                self.contexts.append(message.get("context"))
                if on_context(message.get("context")) == "cancel" and asked_at is None:
                    asked_at = time.monotonic()
                    self.send(operation="Cancel")
            elif message["operation"] == "Cancel":
                self.cancelled = message["result"]
            elif message["operation"] == "Transaction":
                if asked_at is not None and self.cancelled == "0":
                    assert time.monotonic() - asked_at <= self.CANCEL, "the client gives a Cancel up after 5 s"
                return message

    def sale(self, amount, unique_id, tip="0", **options):
        fields = {"requestedAmount": str(amount), "uniqueTransactionId": unique_id, "printReceipt": "0", "parameters": [{"key": "TIP", "value": tip}]}
        try:
            return self.transaction("SALE", **fields, **options)
        except Dropped:
            return self.recover(unique_id)

    def void(self, auth_code):
        return self.transaction("VOID", originalAuthCode=auth_code)

    def recover(self, unique_id):
        """Asked once. `None`: whatever is answered is not about this sale."""
        end = time.monotonic() + self.RECOVERY
        while True:
            try:
                self.connect()
                break
            except OSError:
                assert time.monotonic() < end, "the terminal did not come back in time"
        self.send(operation="LastTransaction")
        for message in self.messages(end - time.monotonic()):
            if message["operation"] == "LastTransaction":
                return message if message.get("uniqueTransactionId") == unique_id else None

    def cut(self):
        """The cable is pulled: no goodbye."""
        self.socket.close()

    close = cut
