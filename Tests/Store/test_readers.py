"""Cards outside the chip slot, fallback, and paper, through the whole store."""
import json
import subprocess
import urllib.error
import urllib.request

import pytest
from conftest import BIN


def field22(store):
    return store.saw("1200")[-1]["fields"]["22"]


@pytest.fixture
def pan():
    cards = json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))
    return {card["name"]: card["pan"] for card in cards}


def test_a_card_without_a_chip_is_swiped(store, pos, pan):
    store.automatic("stripe-only")
    answer = pos.sale(1250)
    assert answer["result"] == "0", answer
    assert (answer["entryMode"], answer["cardBrand"], answer["cvm"]) == ("Swiped", "MASTERCARD", "SIGNATURE")
    assert "AID" not in answer and "SIGNATURE" in answer["merchantReceipt"]
    assert field22(store)[6] == "2"
    assert pan["stripe-only"] not in json.dumps(answer) + json.dumps(store.ledger()) + store.get("/lab/log")


def test_a_gift_card_is_one(store, pos):
    store.automatic("gift")
    answer = pos.sale(500)
    assert (answer["entryMode"], answer["cardTypeProcessed"]) == ("Swiped", "3"), answer


def test_a_tap_is_contactless(store, pos, pan):
    pos.send(operation="Transaction", type="SALE", requestedAmount="700")
    pos.wait_for_status("Card")
    store.post("/lab/card", {"action": "tap", "card": "visa-credit"})
    while (answer := pos.receive())["operation"] == "Status":
        pass
    assert answer["result"] == "0", answer
    assert (answer["entryMode"], answer["cardBrand"]) == ("Contactless", "VISA")
    assert field22(store)[6] == "C" and "55" in store.saw("1200")[-1]["fields"]
    assert pan["visa-credit"] not in json.dumps(answer) + json.dumps(store.ledger()) + store.get("/lab/log")


def test_a_swiped_chip_card_is_asked_for_its_chip(store, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="800")
    pos.wait_for_status("Card")
    store.post("/lab/card", {"action": "swipe", "card": "visa-credit"})
    store.until(lambda: store.get("/lab/state")["display"]["prompt"] == "useChip", "the display to ask for the chip")
    store.insert("visa-credit")
    while (answer := pos.receive())["operation"] == "Status":
        pass
    assert (answer["result"], answer["entryMode"]) == ("0", "Chip"), answer


def test_a_dead_chip_falls_back_to_the_stripe_after_two_attempts(store, pos):
    store.automatic("bad-chip")
    answer = pos.sale(900)
    assert (answer["result"], answer["entryMode"]) == ("0", "Chip_Swiped"), answer
    assert field22(store)[6] == "F"


def test_entry_modes_are_honoured(store, pos):
    store.automatic("stripe-only")
    assert pos.sale(300, entryModes=["swipe"])["entryMode"] == "Swiped"
    store.post("/lab/device", {"device": "stripe", "action": "unplug"})
    # The terminal learns of it from the bus; a sale that begins before is 202.
    store.until(
        lambda: all(device["state"] != "ready" for device in pos.ask(operation="GetInformation")["information"]["devices"]
                    if device["kind"] == "stripe"), "the terminal to miss the reader")
    answer = pos.sale(300, entryModes=["swipe"])
    assert (answer["result"], answer["errorCondition"]) == ("20", "deviceUnavailable"), answer


def test_without_the_chip_reader_the_automatic_card_is_tapped_then_swiped(store, pos):
    store.post("/lab/device", {"device": "chip", "action": "unplug"})
    store.automatic("visa-credit")
    assert pos.sale(400)["entryMode"] == "Contactless"
    store.post("/lab/device", {"device": "contactless", "action": "unplug"})
    assert pos.sale(401)["entryMode"] == "Swiped"
    store.post("/lab/device", {"device": "chip", "action": "plug"})
    store.until(lambda: all(d["plugged"] for d in store.get("/lab/state")["devices"] if d["name"] == "chip"), "the reader to be back")


@pytest.fixture
def pad(store, pos):
    """The PIN pad for typed numbers, plugged in."""
    store.post("/lab/device", {"device": "pinpad", "action": "plug"})
    store.until(
        lambda: sum(device["kind"] == "pinpad" and device["state"] == "ready"
                    for device in pos.ask(operation="GetInformation")["information"]["devices"]) == 2, "the terminal to see the pad")

    def keys(text):
        store.post("/lab/pinpad", {"keys": text})
        store.post("/lab/pinpad", {"key": "enter"})
    return keys


def final(pos):
    while (answer := pos.receive())["operation"] == "Status":
        pass
    return answer


def test_a_card_number_is_typed_at_the_pad(store, pos, pad, pan):
    pos.send(operation="Transaction", type="SALE", requestedAmount="1250", entryModes=["manual"])
    assert pos.wait_for_status("CardEntry")["message"] == "Waiting for the card number"
    store.post("/lab/card", {"action": "key", "card": "visa-credit"})
    answer = final(pos)
    assert answer["result"] == "0", answer
    number = pan["visa-credit"]
    assert (answer["entryMode"], answer["cardBrand"], answer["cvm"]) == ("Manual", "VISA", "SIGNATURE")
    assert (answer["account"], answer["expDate"]) == (f"{number[:6]}{'*' * 6}{number[-4:]}", "3912"), answer
    assert "AID" not in answer and "Manual" in answer["merchantReceipt"]
    # Number and expiry without a track, key entered, no chip data (host-protocol, "Fields").
    fields = store.saw("1200")[-1]["fields"]
    assert {"2", "14"} <= set(fields) and not {"35", "45", "55", "52"} & set(fields) and field22(store)[6] == "6"
    assert pos.ask(operation="LastTransaction")["expDate"] == "3912"
    assert store.net() == 1250
    everything = json.dumps(answer) + json.dumps(store.ledger()) + store.get("/lab/log")
    assert number not in everything
    for file in store.folder.rglob("*"):
        if file.is_file() and "countertop-lab" not in file.name:
            assert number.encode() not in file.read_bytes(), file


def test_a_number_with_a_wrong_check_digit_is_asked_for_again(store, pos, pad, pan):
    pos.send(operation="Transaction", type="SALE", requestedAmount="1300", entryModes=["manual"])
    pos.wait_for_status("CardEntry")
    pad(pan["amex"][:-1] + str((int(pan["amex"][-1]) + 1) % 10))
    pad("1239")
    store.until(lambda: store.get("/lab/state")["display"]["prompt"] == "keyCardAgain", "the display to ask again")
    pad(pan["amex"])
    pad("1239")
    answer = final(pos)
    assert (answer["result"], answer["entryMode"], answer["cardBrand"]) == ("0", "Manual", "AMEX"), answer


def test_cancel_at_the_pad_is_11_and_a_pad_that_is_pulled_out_202(store, pos, pad):
    for act, result in (
            (lambda: store.post("/lab/pinpad", {"key": "cancel"}), "11"),
            (lambda: store.post("/lab/device", {"device": "pinpad", "action": "unplug"}), "202")):
        pos.send(operation="Transaction", type="SALE", requestedAmount="1300", entryModes=["manual"])
        pos.wait_for_status("CardEntry")
        act()
        assert final(pos)["result"] == result
    assert not store.saw("1200")
    assert pos.sale(100, entryModes=["manual"])["result"] == "20"


def test_nobody_types_in_time_is_10(store, pos, pad):
    assert pos.ask(operation="SetParameter", parameters=[{"key": "CARDTIMEOUT", "value": "5"}])["result"] == "0"
    assert pos.sale(100, entryModes=["manual"])["result"] == "10"


def test_a_pad_beside_the_readers_takes_nothing_from_them(store, pos, pad):
    pos.send(operation="Transaction", type="SALE", requestedAmount="1400", entryModes=["chip", "swipe", "manual"])
    pos.wait_for_status("Card")
    store.insert("visa-credit")
    assert final(pos)["entryMode"] == "Chip"
    # 9F33, byte 1: the terminal claims manual key entry, bit 8, while the pad is there (EMV 4.4 Book 4, A2).
    assert "9F3303E0" in store.saw("1200")[-1]["fields"]["55"]
    store.remove()
    # Without being asked for, nobody types.
    pos.send(operation="Transaction", type="SALE", requestedAmount="1500")
    pos.wait_for_status("Card")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(urllib.request.Request(
            store.ready["console"].rstrip("/") + "/lab/card", data=json.dumps({"action": "key", "card": "visa-credit"}).encode()))
    pos.send(operation="Cancel")
    while pos.receive().get("result") != "12":
        pass


def test_a_pad_with_a_key_sends_a_typed_card_encrypted_and_the_host_opens_it(store, pos, pad, pan):
    store.post("/lab/device", {"device": "pinpad", "action": "encrypt"})
    number = pan["visa-credit"]
    pos.send(operation="Transaction", type="SALE", requestedAmount="1250", entryModes=["manual"])
    pos.wait_for_status("CardEntry")
    store.post("/lab/card", {"action": "key", "card": "visa-credit"})
    answer = final(pos)
    masked = f"{number[:6]}{'*' * 6}{number[-4:]}"
    assert (answer["result"], answer["entryMode"], answer["account"], answer["expDate"]) == ("0", "Manual", masked, "3912"), answer
    fields = store.saw("1200")[-1]["fields"]
    assert not {"2", "14", "35"} & set(fields) and "MAGNESAFE-TDES FFFF98765432" in fields["48"] and field22(store)[6] == "6"
    # The host has opened it.
    assert store.ledger()["transactions"][-1]["account"] == masked and answer["cardToken"]
    assert number not in json.dumps(answer) + json.dumps(store.ledger()) + store.get("/lab/log")
    # Nobody but the host can see a wrong check digit.
    pos.send(operation="Transaction", type="SALE", requestedAmount="1250", entryModes=["manual"])
    pos.wait_for_status("CardEntry")
    pad(number[:-1] + str((int(number[-1]) + 1) % 10))
    pad("1239")
    answer = final(pos)
    assert (answer["result"], answer["responseCode"]) == ("19", "14"), answer


def test_the_automatic_cardholder_types_too(store, pos, pad):
    store.automatic("visa-credit")
    answer = pos.sale(1600, entryModes=["manual"])
    assert (answer["result"], answer["entryMode"]) == ("0", "Manual"), answer


def test_receipts_are_printed_when_asked_for(store, pos):
    store.automatic("visa-credit")
    assert "customerReceipt" in pos.sale(1250)
    answer = pos.sale(1251, printReceipt="1")
    store.until(lambda: len(store.get("/lab/printer")["receipts"]) == 2, "two receipts")
    receipts = store.get("/lab/printer")["receipts"]
    assert "MERCHANT COPY" in receipts[0] and "CUSTOMER COPY" in receipts[1]
    assert answer["authCode"] in receipts[0] and "12.51" in receipts[1]


def test_every_device_is_told_to_the_pos(store, pos):
    devices = pos.ask(operation="GetInformation")["information"]["devices"]
    assert {device["kind"] for device in devices} == {"chip", "pinpad", "stripe", "contactless", "printer"}
    assert all(device["state"] == "ready" for device in devices)
