"""What a terminal does by its configuration and by the time of day, seen from outside: cards told whole, certificates, log files, the daily restart."""
import base64
import datetime
import json
import pathlib
import ssl
import subprocess
import time
import zlib

import pytest
from conftest import BIN, PATIENCE, POS, Store
from websockets.exceptions import ConnectionClosed, WebSocketException


@pytest.fixture
def pans():
    cards = json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))
    return {card["name"]: card["pan"] for card in cards}


def restarted_with(store, pos):
    """The terminal with these lines below `pos` in its configuration."""
    file = store.folder / "terminal.yaml"
    store.kill()
    file.write_text(file.read_text().replace("pos:\n", f"pos:\n  {pos}\n", 1))
    store.start()
    return store.pos()


def swiped(store, pos, card):
    """What `ReadCard` answers to a swipe of the card."""
    def reader():
        devices = pos.ask(operation="GetInformation")["information"]["devices"]
        return any(device["kind"] == "stripe" and device["state"] == "ready" for device in devices)

    store.until(reader, "the stripe reader")
    pos.send(operation="ReadCard", prompt="Your loyalty card, please", timeout="60")
    assert pos.wait_for_status("Card")["result"] == "60"
    store.post("/lab/card", {"action": "swipe", "card": card})
    return pos.receive()


def test_read_card_tells_the_whole_number_of_ranges_on_the_list_only(store, pos, pans):
    """pos.clearRanges; a card in no payment range plays the loyalty card."""
    loyalty = pans["no-common-aid"]
    masked = loyalty[:6] + "*" * (len(loyalty) - 10) + loyalty[-4:]
    answer = swiped(store, pos, "no-common-aid")
    assert (answer["result"], answer["account"], answer["entryMode"]) == ("0", masked, "Swiped"), answer
    again = restarted_with(store, f'clearRanges: ["{loyalty[:6]}"]')
    assert swiped(store, again, "no-common-aid")["account"] == loyalty
    for card in ("visa-credit", "gift"):
        answer = swiped(store, again, card)
        assert answer["account"] == pans[card][:6] + "*" * (len(pans[card]) - 10) + pans[card][-4:], answer
    again.close()
    assert loyalty not in store.get("/lab/log"), "told to the POS, and to nobody else"


@pytest.mark.parametrize("range", ["4", "3", "6006", "2221", "27", "90x1", ""])
def test_a_range_that_a_payment_card_could_be_in_is_no_range_for_the_list(store, range):
    file = store.folder / "terminal.yaml"
    file.write_text(file.read_text().replace("pos:\n", f'pos:\n  clearRanges: ["9061", "{range}"]\n', 1))
    run = subprocess.run([BIN / "countertop", "serve", "--config", file, "--check"], capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 78 and "clearRanges" in run.stdout + run.stderr, run.stdout + run.stderr


def openssl(*arguments):
    run = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stderr
    return run.stdout


def authority(folder, name):
    """A certification authority of the test's own: certificate and key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
            "-subj", f"/CN={name}", "-days", 30)
    return certificate, key


def signed(folder, request, name, issuer):
    """The certificate for a request."""
    (folder / f"{name}.csr").write_text(request)
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", issuer[0], "-CAkey", issuer[1], "-CAcreateserial", "-copy_extensions", "copy",
            "-out", folder / f"{name}.pem", "-days", 30)
    return folder / f"{name}.pem"


def secured(store, ca, client=None):
    """A connection over TLS that trusts this authority, with a client certificate."""
    context = ssl.create_default_context(cafile=ca)
    if client:
        context.load_cert_chain(*client)
    return POS(store.ready["posTLS"], ssl=context, server_hostname="localhost")


def test_a_certificate_that_a_pos_installs_is_shown_to_new_connections_without_a_restart(store, pos, tmp_path_factory):
    """GenerateCsr, ImportCertificate: hot reload; what does not fit the key is 3 and changes nothing; kept over a restart."""
    folder = tmp_path_factory.mktemp("ca")
    issuer = authority(folder, "store-ca")
    before = secured(store, store.ready["ca"])
    csr = pos.ask(operation="GenerateCsr", commonName="localhost", subjectAltNames=[{"type": "dns", "value": "localhost"}])["csr"]
    other = pos.ask(operation="GenerateCsr", commonName="localhost", subjectAltNames=[{"type": "dns", "value": "localhost"}])["csr"]
    assert csr != other, "a new key pair each time"
    stale = pos.ask(operation="ImportCertificate", certificate=signed(folder, csr, "stale", issuer).read_text())
    assert (stale["result"], stale["errorCondition"]) == ("3", "invalidField"), "the first request's key is gone"
    secured(store, store.ready["ca"]).close()
    leaf = signed(folder, other, "leaf", issuer)
    answer = pos.ask(operation="ImportCertificate", certificate=leaf.read_text())
    told = openssl("x509", "-in", leaf, "-noout", "-fingerprint", "-sha256").split("=")[1].strip().replace(":", "")
    assert (answer["result"], answer["fingerprint"]) == ("0", told) and answer["expires"] > str(datetime.date.today()), answer
    secured(store, issuer[0]).close()
    with pytest.raises(ssl.SSLCertVerificationError):
        secured(store, store.ready["ca"])
    assert before.ask(operation="GetInformation")["result"] == "0", "an open connection goes on"
    before.close()
    store.kill()
    store.start()
    secured(store, issuer[0]).close()


def test_an_authority_that_a_pos_installs_lets_its_clients_in(store, pos, tmp_path_factory):
    """InstallTrustCertificate beside pos.clientCA, with pos.clientCertificates: required; a certificate of no authority is 3."""
    folder = tmp_path_factory.mktemp("ca")
    first, ours, stranger = (authority(folder, name) for name in ("offices", "tills", "strangers"))
    clients = {}
    for name, issuer in (("office", first), ("till", ours), ("stranger", stranger)):
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{name}-key.pem", "-out",
                folder / f"{name}-request.pem", "-subj", f"/CN={name}")
        clients[name] = (signed(folder, (folder / f"{name}-request.pem").read_text(), name, issuer), folder / f"{name}-key.pem")
    pos.close()
    pos = restarted_with(store, f"clientCertificates: required\n  clientCA: {first[0]}")

    def let_in(name):
        try:
            client = secured(store, store.ready["ca"], clients.get(name))
            try:
                return client.ask(operation="GetInformation")["result"] == "0"
            finally:
                client.close()
        except (OSError, EOFError, WebSocketException):
            return False

    assert [let_in(name) for name in ("office", "till", "stranger", None)] == [True, False, False, False]
    assert pos.ask(operation="InstallTrustCertificate", certificate=clients["till"][0].read_text())["result"] == "3"
    answer = pos.ask(operation="InstallTrustCertificate", certificate=ours[0].read_text())
    assert answer["result"] == "0" and len(answer["fingerprint"]) == 64, answer
    assert [let_in(name) for name in ("office", "till", "stranger", None)] == [True, True, False, False], "at once"
    assert pos.ask(operation="GetInformation")["result"] == "0", "the port without TLS is another door"
    pos.close()
    store.kill()
    store.start()
    assert [let_in(name) for name in ("office", "till", "stranger")] == [True, True, False], "and after a start"


def test_a_signature_reaches_the_pos_as_a_png(store, pos):
    pos.send(operation="GetSignature", prompt="Sign for your parcel", timeout="60")
    assert pos.wait_for_status("Signature")["message"]
    store.until(lambda: store.get("/lab/state")["display"]["text"] == "Sign for your parcel", "the display to ask")
    store.post("/lab/display", {"signed": {"width": 400, "height": 100, "strokes": [[10, 10, 390, 90]]}})
    answer = pos.receive()
    assert answer["operation"] == "GetSignature" and answer["result"] == "0", answer
    png = base64.b64decode(answer["signature"], validate=True)
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (400, 100)
    size = int.from_bytes(png[33:37])
    rows = zlib.decompress(png[41:41 + size])
    assert len(rows) == 100 * 51 and any(byte not in (0, 255) for byte in rows)


def test_an_idle_connection_is_watched_by_the_kernel_and_sent_nothing(store, pos):
    """TCP keepalive, so that a POS without power does not keep its place for ever; no ping, which some POS do not answer while they are idle."""
    assert pos.ask(operation="GetInformation")["result"] == "0"
    here = (pos.socket.remote_address[1], pos.socket.local_address[1])

    def timer():
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if tuple(int(fields[side].split(":")[1], 16) for side in (1, 2)) == here:
                kind, when = fields[5].split(":")
                return kind == "02" and int(when, 16)

    assert 0 < store.until(timer, "the connection's timer to be the one of keepalive") <= 6100, "hundredths of a second"


def test_a_pos_that_subscribed_is_told_of_device_host_and_card(store, pos):
    watcher = store.pos()
    assert watcher.ask(operation="Subscribe", events=["device", "host", "card"])["result"] == "0"

    def told(matches):
        while True:
            event = watcher.receive()
            assert event["operation"] == "Event", event
            if matches(event):
                return event

    store.post("/lab/device", {"device": "printer", "action": "unplug"})
    device = told(lambda event: event["event"] == "device" and event["device"]["kind"] == "printer")["device"]
    assert device["state"] == "absent" and device["model"]
    store.insert("visa-credit")
    assert told(lambda event: event["event"] == "card")["card"] == "present"
    store.remove()
    assert told(lambda event: event["event"] == "card")["card"] == "absent"
    store.post("/lab/host", {"mode": "refuse"})
    assert told(lambda event: event["event"] == "host")["hostState"] in ("connecting", "down")
    store.post("/lab/host", {"mode": "approve"})
    told(lambda event: event["event"] == "host" and event["hostState"] == "connected")
    assert watcher.ask(operation="Subscribe", events=[])["result"] == "0"
    watcher.close()


def log_days(store):
    return sorted(path.name for path in (store.folder / "terminal/log").glob("countertop-*.log"))


def test_log_files_are_kept_for_numlogdays_besides_today(store, pos):
    folder = store.folder / "terminal/log"
    today = datetime.date.today()
    names = [f"countertop-{today - datetime.timedelta(days=days)}.log" for days in range(6)]
    assert names[0] in log_days(store) and (folder / names[0]).stat().st_mode & 0o777 == 0o600
    for name in names[1:]:
        (folder / name).write_text("old\n")
    (folder / "notes.log").write_text("somebody else's\n")
    assert pos.ask(operation="SetParameter", parameters=[{"key": "NUMLOGDAYS", "value": "3"}])["result"] == "0"
    store.kill()
    store.start()
    assert log_days(store) == sorted(names[:4])
    again = store.pos()
    assert again.ask(operation="SetParameter", parameters=[{"key": "NUMLOGDAYS", "value": ""}])["result"] == "0"
    again.close()
    store.kill()
    store.start()
    assert log_days(store) == sorted(names[:2]), "the standard is one day"
    assert (folder / "notes.log").exists()


def test_the_daily_restart_is_announced_and_the_terminal_is_back_in_service(tmp_path, monkeypatch):
    """RESTARTTIME. A time less than a minute ahead would be the next day's: a time zone of some seconds has the minute after the next begin soon after."""
    shift = (50 - int(time.time())) % 60
    monkeypatch.setenv("TZ", f"LAB-00:00:{shift:02}")  # POSIX: so many seconds east
    store = Store(tmp_path)
    try:
        pos, watcher = store.pos(), store.pos()
        assert watcher.ask(operation="Subscribe", events=["maintenance"])["result"] == "0"
        first = store.get("/lab/state")["terminal"]["pid"]
        now = datetime.datetime.fromisoformat(pos.ask(operation="GetInformation")["information"]["dateTime"])
        due = now + datetime.timedelta(minutes=2)
        answer = pos.ask(operation="SetParameter", parameters=[{"key": "RESTARTTIME", "value": due.strftime("%H%M")}])
        assert answer["result"] == "0", answer
        store.until(
            lambda: pos.ask(operation="GetInformation")["information"]["nextRestart"][11:16] == due.strftime("%H:%M"), "the new time to be told")
        event = watcher.receive(timeout=PATIENCE * 3)
        assert (event["operation"], event["event"]) == ("Event", "maintenance") and event["message"]
        for connection in (watcher, pos):
            with pytest.raises(ConnectionClosed) as closed:
                connection.receive()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "terminal restart")
        assert "The daily restart begins." in store.get("/lab/log")

        def back():
            try:
                return store.pos()
            except OSError:
                return None

        again = store.until(back, "the terminal to come back")
        assert store.get("/lab/state")["terminal"]["pid"] != first
        store.automatic("visa-credit")
        assert again.sale(500)["approval"] == "approved"
        information = again.ask(operation="GetInformation")["information"]
        wait = datetime.datetime.fromisoformat(information["nextRestart"]) - datetime.datetime.fromisoformat(information["dateTime"])
        assert datetime.timedelta(hours=22) < wait <= datetime.timedelta(hours=24), "once a day, not twice in its minute"
        again.close()
    finally:
        store.close()
