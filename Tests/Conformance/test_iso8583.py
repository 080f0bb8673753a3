"""Our messages read and made by PyPI `pyiso8583`, an implementation that shares nothing with ours but the dialect file, which becomes its specification."""
import json
import os
import pathlib
import socket
import subprocess
import threading

import iso8583
import pytest
import vectors
import yaml
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COUNTERTOP_BIN", ROOT / ".build/release"))
MAC_KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")  # RFC 4493, section 4: the lab's published key
TRACK2 = "4761739001010119=30122010000012345678"
LENGTH_DIGITS = {None: 0, "l": 1, "ll": 2, "lll": 3, "llll": 4}


def specification(dialect):
    """The dialect file as pyiso8583 wants it. Both shipped dialects are ASCII with binary bitmaps."""
    data = yaml.safe_load((ROOT / f"Sources/ISO8583/Dialects/{dialect}.yaml").read_text())
    spec = {
        "h": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 0, "desc": "header"},
        "t": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 4, "desc": "type"},
        "p": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": "bitmap"},
        "1": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": "bitmap"},
    }
    for number, field in data["fields"].items():
        spec[str(number)] = {
            "data_enc": "b" if field["format"] == "b" else "ascii", "len_enc": "ascii", "len_type": LENGTH_DIGITS[field.get("length")],
            "max_len": field["max"] + (1 if field["format"] == "x+n" else 0), "desc": field["name"],
        }
    return spec


def mac(body):
    code = CMAC(AES(MAC_KEY))
    code.update(body)
    return code.finalize()[:8]


class Peer:
    """One end of a link, speaking through pyiso8583."""

    def __init__(self, connection, dialect="iso8583-1993"):
        self.connection, self.spec = connection, specification(dialect)
        connection.settimeout(60)

    def send(self, **fields):
        message = {key.lstrip("f"): value for key, value in fields.items()}
        message["128" if any(key.isdigit() and int(key) > 64 for key in message) else "64"] = "0" * 16
        body, _ = iso8583.encode(message, self.spec)
        body = bytes(body[:-8])
        body += mac(body)
        self.connection.sendall(len(body).to_bytes(2, "big") + body)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.connection.recv(count - len(data))
            assert more, "the peer closed the connection"
            data += more
        return data

    def receive(self):
        """The next message; that its MAC is right is checked here."""
        body = self.exactly(int.from_bytes(self.exactly(2), "big"))
        message, _ = iso8583.decode(body, self.spec)
        code = message.get("128") or message.get("64")
        assert code and bytes.fromhex(code) == mac(body[:-8]), f"wrong MAC in {message['t']}"
        return message

    def ask(self, **fields):
        self.send(**fields)
        return self.receive()


@pytest.fixture(params=["iso8583-1993", "iso8583-1987"])
def host(request):
    """Our host simulator, in the clear, and pyiso8583 as its terminal."""
    command = [BIN / "countertop-lab", "host", "--plain", "--port", "0", "--control-port", "0", "--dialect", request.param]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    port = int(json.loads(process.stdout.readline())["host"].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        yield request.param, Peer(connection, request.param)
    process.terminate()
    process.wait(60)
    process.stdout.close()


def base(dialect, stan, amount):
    fields = {
        "f3": "000000", "f4": f"{amount:012d}", "f7": "0728120000", "f11": f"{stan:06d}", "f32": "12345", "f37": f"6209000{stan:05d}",
        "f41": "TERM0001", "f42": "MERCHANT0000001", "f48": "01006000001", "f49": "840",
    }
    if dialect == "iso8583-1993":
        return fields | {"f12": "260728120000", "f22": "510101510140"}
    return fields | {"f12": "120000", "f13": "0728", "f22": "051", "f25": "00"}


def sale(dialect, stan, amount):
    if dialect == "iso8583-1993":
        return base(dialect, stan, amount) | {"ft": "1200", "f24": "200", "f26": "5999", "f43": "COUNTERTOP LAB", "f35": TRACK2}
    return base(dialect, stan, amount) | {"ft": "0200", "f18": "5999", "f43": "COUNTERTOP LAB".ljust(40), "f35": TRACK2}


def reversal(dialect, stan, original, amount):
    if dialect == "iso8583-1993":
        named = f"1200{original:06d}2607281200000512345"
        return base(dialect, stan, amount) | {"ft": "1420", "f24": "400", "f25": "4021", "f56": named}
    named = f"0200{original:06d}0728120000" + "12345".zfill(11) + "0" * 11
    return base(dialect, stan, amount) | {"ft": "0400", "f39": "68", "f90": named}


def reconciliation(dialect, stan, net):
    fields = {key: value for key, value in base(dialect, stan, 0).items() if key not in ("f3", "f4", "f22", "f25", "f49")}
    fields |= {"f50": "840", "f97": ("D" if net >= 0 else "C") + f"{abs(net):016d}"}
    fields |= {f"f{number}": "0" * 10 for number in (74, 75, 76, 77)} | {f"f{number}": "0" * 16 for number in (86, 87, 88, 89)}
    return fields | ({"ft": "1520", "f24": "500", "f28": "260728"} if dialect == "iso8583-1993" else {"ft": "0500", "f15": "0728"})


def echoes(request, answer, *numbers):
    for number in numbers:
        assert answer[str(number)] == request[f"f{number}"], f"field {number}"


def test_a_sale_made_by_pyiso8583_is_understood_and_its_answer_is_too(host):
    dialect, peer = host
    request = sale(dialect, 1, 500)
    answer = peer.ask(**request)
    echoes(request, answer, 3, 4, 7, 11, 12, 37, 41, 42, 49)
    assert answer["t"] == {"iso8583-1993": "1210", "iso8583-1987": "0210"}[dialect]
    assert answer["39"] == {"iso8583-1993": "000", "iso8583-1987": "00"}[dialect]
    assert len(answer["38"]) == 6
    assert answer["48"].startswith("02016T")  # a card token of 16


def test_a_partial_approval_tells_the_part(host):
    dialect, peer = host
    answer = peer.ask(**sale(dialect, 1, 520))
    assert answer["39"] == {"iso8583-1993": "002", "iso8583-1987": "10"}[dialect]
    assert answer["4"] == "000000000260"
    assert answer.get("30") == {"iso8583-1993": "000000000520" + "0" * 12, "iso8583-1987": None}[dialect]


def test_a_reversal_and_a_reconciliation_made_by_pyiso8583_move_the_books(host):
    dialect, peer = host
    peer.ask(**sale(dialect, 1, 500))
    peer.ask(**sale(dialect, 2, 700))
    accepted, balanced, off = {"iso8583-1993": ("400", "500", "501"), "iso8583-1987": ("00", "00", "95")}[dialect]
    assert peer.ask(**reversal(dialect, 3, 1, 500))["39"] == accepted
    answer = peer.ask(**reconciliation(dialect, 4, 1200))
    assert (answer["39"], answer["97"]) == (off, "D0000000000000700")
    assert peer.ask(**reconciliation(dialect, 5, 700))["39"] == balanced


def test_the_vectors_of_the_codec_are_what_pyiso8583_builds():
    assert vectors.FILE.read_text() == vectors.text(vectors.make()), "python Tests/Conformance/vectors.py writes them again"


def serve_one_sale(listener, seen):
    """The host of a terminal that makes one sale: everything it says goes through pyiso8583."""
    connection, _ = listener.accept()
    with connection:
        peer = Peer(connection)
        while "sale" not in seen:
            message = peer.receive()
            fields = {f"f{number}": message[number] for number in ("7", "11", "12", "24", "41")}
            if message["t"] == "1804":
                seen.setdefault("network", []).append(message)
                peer.send(ft="1814", f39="800", **fields)
                continue
            seen["sale"] = message
            fields |= {f"f{number}": message[number] for number in ("3", "4", "37", "42", "49")}
            peer.send(ft="1210", f38="A12345", f39="000", **fields)
        try:
            while True:
                message = peer.receive()
                seen.setdefault("after", []).append(message)
                fields = {f"f{number}": message[number] for number in ("7", "11", "12", "24", "41")}
                peer.send(ft="1814", f39="800", **fields)
        except (AssertionError, OSError):
            pass  # it has closed


def test_what_the_terminal_sends_is_what_pyiso8583_reads(tmp_path):
    seen = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve_one_sale, args=(listener, seen), daemon=True)
        server.start()
        port = listener.getsockname()[1]
        command = [BIN / "countertop-lab", "demo", "--once", "--data", tmp_path, "--pos-port", "0", "--tls-port", "0", "--console-port", "0",
                   "--host", f"127.0.0.1:{port}", "--host-plain"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=180)
        server.join(60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "A12345" in result.stdout
    assert seen["network"][0]["24"] == "801"
    message = seen["sale"]
    assert message["t"] == "1200" and message["24"] == "200" and message["3"] == "000000" and message["49"] == "840"
    assert message["35"].startswith("4761739001010119=") and "2" not in message and "52" not in message
    assert int(message["4"]) > 0 and len(message["12"]) == 12 and len(message["22"]) == 12
    tags = bytes.fromhex(message["55"])
    for tag in ("9F26", "9F10", "9F37", "9F36"):
        assert bytes.fromhex(tag) in tags, f"55 has no {tag}"
    assert message["48"].startswith("01006")
