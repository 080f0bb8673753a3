"""Cards outside the chip slot, fallback, and paper, through the whole store."""
import json
import subprocess

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
