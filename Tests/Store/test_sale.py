"""A sale from the POS to the host and back, through real parts."""
import datetime
import json
import re
import signal
import ssl
import subprocess

import pytest
from conftest import BIN, PATIENCE, POS, ROOT
from doorman import Doorman


def test_demo_once_sells_prints_the_conversation_and_exits_zero(tmp_path):
    run = subprocess.run(
        [BIN / "countertop-lab", "demo", "--data", tmp_path, "--pos-port", "0", "--tls-port", "0", "--host-port", "0", "--console-port", "0", "--once"],
        capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stderr
    ready = json.loads(run.stdout.splitlines()[0])
    assert ready["ready"] is True and ready["pos"].startswith("ws://127.0.0.1:") and ready["posTLS"].startswith("wss://")
    assert set(ready) == {"ready", "pos", "posTLS", "ca", "console", "host", "data", "terminalPID"}
    assert '"approval":"approved"' in run.stdout
    assert "APPROVED" in run.stdout


def test_an_approved_sale_has_every_field_that_a_pos_needs(store, pos):
    store.automatic("visa-credit")
    answer = pos.sale(1250, uniqueTransactionId="T1", reference="R1", invoice="42", requestId="0123456789abcdef")
    assert answer["result"] == "0" and answer["approval"] == "approved"
    assert answer["totalAmount"] == answer["authorizedAmount"] == answer["requestedAmount"] == "1250"
    assert (answer["uniqueTransactionId"], answer["reference"], answer["invoice"], answer["requestId"]) == ("T1", "R1", "42", "0123456789abcdef")
    assert answer["responseCode"] == "00" and answer["state"] == "completed" and answer["entryMode"] == "Chip"
    assert answer["cardBrand"] == "VISA" and answer["cardTypeProcessed"] == "1" and answer["AID"].startswith("A000000003")
    assert len(answer["TVR"]) == 10 and len(answer["TSI"]) == 4 and len(answer["authCode"]) == 6
    assert answer["authCode"] in answer["customerReceipt"] and "12.50" in answer["merchantReceipt"]
    assert (answer["type"], answer["terminalID"], answer["merchantID"], answer["batchNumber"]) == ("SALE", "LAB00001", "LABMERCHANT0001", "000001")
    assert answer["preferredName"] and answer["cardToken"] and answer["hostMessage"] and answer["transactionID"]
    told = pos.ask(operation="GetInformation")["information"]["dateTime"]
    assert answer["transactionDate"] in (told[:10].replace("-", ""), str(datetime.date.today() - datetime.timedelta(days=1)).replace("-", ""))
    assert re.fullmatch("([01][0-9]|2[0-3])([0-5][0-9]){2}", answer["transactionTime"])
    contexts = [status["context"] for status in answer["statuses"]]
    assert contexts.index("Card") < contexts.index("Communication")
    assert all(status["result"] == "60" and status["requestId"] == "0123456789abcdef" for status in answer["statuses"])
    assert all(isinstance(value, str) for key, value in answer.items() if key != "statuses")
    assert store.net() == 1250
    assert pos.ask(operation="LastTransaction")["authCode"] == answer["authCode"]


def test_a_balance_inquiry_charges_nothing_and_tells_the_balance(store, pos):
    store.automatic("visa-credit")
    answer = pos.ask(operation="Transaction", type="BALANCE_INQUIRY")
    assert (answer["result"], answer["approval"]) == ("0", "approved") and re.fullmatch("-?[0-9]+", answer["balance"]), answer
    assert store.net() == 0


@pytest.mark.parametrize("card", ["visa-credit", "mc-credit"])
def test_account_keeps_first_six_and_last_four_has_the_same_length_and_fails_luhn(store, pos, card):
    cards = {entry["name"]: entry for entry in json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))}
    pan = cards[card]["pan"]
    store.automatic(card)
    first, second = pos.sale(500)["account"], pos.sale(700)["account"]
    assert first == second and first[:6] == pan[:6] and first[-4:] == pan[-4:] and len(first) == len(pan) and first != pan
    digits = [int(digit) for digit in first]
    luhn = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    assert luhn % 10 != 0


def test_no_clear_card_number_is_anywhere_on_the_terminals_disk_or_in_what_it_says(store, pos):
    cards = {entry["name"]: entry for entry in json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))}
    pan = cards["visa-credit"]["pan"]
    store.automatic("visa-credit")
    answers = [pos.sale(500), pos.sale(501), pos.ask(operation="LastTransaction"), pos.ask(operation="GetInformation")]
    assert pan not in json.dumps(answers) and pan not in json.dumps(store.ledger()) and pan not in store.get("/lab/log")
    searched = [path for path in store.folder.rglob("*") if path.is_file()]
    assert len(searched) >= 3
    for path in searched:
        data = path.read_bytes()
        assert pan.encode() not in data, path
        assert bytes.fromhex(pan) not in data, path


@pytest.mark.parametrize("cents,response", [("01", "05"), ("05", "14"), ("06", "54"), ("12", "13")])
def test_a_host_decline_is_19_with_the_hosts_code(store, pos, cents, response):
    store.automatic()
    answer = pos.sale("10" + cents)
    assert (answer["result"], answer["approval"], answer["responseCode"], answer["errorCondition"]) == ("19", "declined", response, "declined")
    assert "authCode" not in answer and answer["hostMessage"]
    assert store.net() == 0


@pytest.mark.parametrize("cents,result", [("32", "23"), ("33", "24"), ("35", "24")])
def test_no_answer_and_bad_answers_are_reversed(store, pos, cents, result):
    store.automatic()
    answer = pos.sale("10" + cents)
    assert answer["result"] == result and "approval" not in answer and answer["state"] == "reversalPending"
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0
    assert pos.ask(operation="LastTransaction")["state"] == "reversed"


def test_a_partial_approval_that_was_not_asked_for_is_reversed_and_declined(store, pos):
    store.automatic()
    answer = pos.sale(1020)
    assert answer["result"] == "19" and answer.get("approval") != "approved"
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0


def test_a_card_that_declines_after_the_hosts_approval_is_17_and_reversed(store, pos):
    store.automatic("declines-after-approval")
    answer = pos.sale(500)
    assert (answer["result"], answer.get("approval")) == ("17", "declined")
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0
    assert [message["fields"]["25"] for message in store.saw("1420")] == ["4007"]


# EMV Book 3, C5, byte 1: 0x40 SDA failed, 0x08 DDA failed, 0x02 SDA selected; 0x80, not performed, must be in none.
@pytest.mark.parametrize("card,first_byte", [
    ("visa-credit", 0x00), ("mc-credit", 0x00), ("sda-old", 0x02), ("wrong-sda", 0x42), ("wrong-dda", 0x08), ("forged-cert", 0x08),
    ("revoked-cert", 0x08)])
def test_offline_data_authentication_ends_as_the_cards_name_says(store, pos, card, first_byte):
    store.automatic(card)
    answer = pos.sale(500)
    assert bytes.fromhex(answer["TVR"])[0] == first_byte
    assert bytes.fromhex(answer["TSI"])[0] & 0x80, "offline data authentication was performed"
    assert answer["approval"] == "approved", "always online: the issuer decides"


def test_an_expired_card_is_not_approved_offline_and_says_so_in_the_tvr(store, pos):
    store.automatic("expired")
    answer = pos.sale(500)
    assert bytes.fromhex(answer["TVR"])[1] & 0x40, "EMV Book 3, 10.4.3: expired application"


def test_a_host_that_is_not_there_is_21_and_nothing_is_reversed(store, pos):
    store.automatic()
    store.post("/lab/host", {"mode": "refuse"})
    answer = pos.sale(500)
    assert (answer["result"], answer["errorCondition"]) == ("21", "hostUnreachable")
    store.post("/lab/host", {"mode": "approve"})
    store.until(lambda: pos.sale(600)["result"] == "0", "the link to come back")
    assert store.saw("1420") == [] and store.net() == 600


def test_the_same_sale_over_tls_with_the_sites_own_authority(store):
    store.automatic()
    context = ssl.create_default_context(cafile=store.ready["ca"])
    pos = POS(store.ready["posTLS"], ssl=context)
    assert pos.sale(500)["approval"] == "approved"
    pos.close()
    port = store.ready["pos"].rsplit(":", 1)[1].rstrip("/")
    same_port = POS(f"wss://127.0.0.1:{port}/", ssl=context)
    assert same_port.ask(operation="GetInformation")["result"] == "0"
    same_port.close()


def test_the_python_example_sells(store):
    store.automatic()
    run = subprocess.run([ROOT / ".venv/bin/python", ROOT / "examples/python/sale.py", store.ready["pos"]], capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Approved: 1250" in run.stdout


def test_the_python_example_cancels(store):
    pos = subprocess.Popen([ROOT / ".venv/bin/python", ROOT / "examples/python/sale.py", store.ready["pos"]], stdout=subprocess.PIPE, text=True)
    said = ""
    for line in pos.stdout:
        said += line
        if "Card:" in line:
            pos.send_signal(signal.SIGINT)
    assert pos.wait(PATIENCE) == 1
    pos.stdout.close()
    assert "Not approved: result 12" in said and store.saw("1200") == []


def test_the_python_example_learns_the_outcome_after_a_cut(store):
    store.automatic()
    store.kill_at("afterSend")
    pos = subprocess.Popen([ROOT / ".venv/bin/python", ROOT / "examples/python/sale.py", store.ready["pos"]], stdout=subprocess.PIPE, text=True)
    store.until(lambda: not store.get("/lab/state")["terminal"]["running"], "the terminal to lose power")
    store.start()
    said, _ = pos.communicate(timeout=PATIENCE * 2)
    assert pos.returncode == 1 and "Not approved: result 23" in said
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0


def test_the_python_example_asks_again_when_a_connection_ends_while_it_is_opened(store):
    """A terminal that is just coming up may accept a connection and close it before the WebSocket is open."""
    store.automatic()
    store.kill_at("afterSend")
    with Doorman(store.ready["pos"], turned_away=[2, 3]) as doorman:
        pos = subprocess.Popen([ROOT / ".venv/bin/python", ROOT / "examples/python/sale.py", doorman.url], stdout=subprocess.PIPE, text=True)
        store.until(lambda: not store.get("/lab/state")["terminal"]["running"], "the terminal to lose power")
        store.start()
        said, _ = pos.communicate(timeout=PATIENCE * 2)
    assert doorman.count > 3 and pos.returncode == 1 and "Not approved: result 23" in said, (doorman.count, said)


@pytest.mark.parametrize("example", ["examples/python/sale.py", "examples/browser/sale.js", "examples/browser/index.html"])
def test_an_example_is_a_page(example):
    assert len((ROOT / example).read_text().splitlines()) < 150
