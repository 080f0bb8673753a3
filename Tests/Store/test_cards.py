"""Every card of the laboratory, through real processes, ends as its name says: result, entry mode, TVR, TSI, cardholder verification.

TVR and TSI are compared whole (EMV 4.4 Book 3, C5 and C6). Where nobody may approve offline the amount is over the floor limit of 0: TVR byte 4,
bit 8. TSI: F8 is data authentication, cardholder verification, card risk management, issuer authentication, terminal risk management; E8 lacks the
issuer's authentication, which a Mastercard does inside its second GENERATE AC."""
import json
import subprocess

import pytest
from conftest import BIN

VISA, ELECTRON, COMMON_DEBIT, MASTERCARD = "A0000000031010", "A0000000032010", "A0000000980840", "A0000000041010"


def chip(brand, aid, tvr, tsi, cvm, **more):
    return {"result": "0", "approval": "approved", "state": "completed", "entryMode": "Chip", "responseCode": "00", "cardBrand": brand,
            "cardTypeProcessed": "1", "AID": aid, "TVR": tvr, "TSI": tsi, "cvm": cvm} | more


def swiped(brand, mode, kind="1"):
    return {"result": "0", "approval": "approved", "state": "completed", "entryMode": mode, "responseCode": "00", "cardBrand": brand,
            "cardTypeProcessed": kind, "cvm": "SIGNATURE", "AID": None, "TVR": None, "TSI": None}


def refused(result, condition, **more):
    approval = "declined" if result == "17" else None
    return {"result": result, "errorCondition": condition, "approval": approval, "state": None, "authCode": None, "TVR": None} | more


ENDS = {
    "visa-credit": chip("VISA", VISA, "0000008000", "F800", "SIGNATURE"),
    # TVR byte 3, bit 3: an online PIN was typed.
    "visa-debit": chip("VISA", COMMON_DEBIT, "0000048000", "F800", "ONLINE PIN", cardTypeProcessed="2"),
    # Under its brand's floor limit, but the card wants its issuer to be asked.
    "mc-credit": chip("MASTERCARD", MASTERCARD, "0000000000", "E800", "OFFLINE PIN"),
    # TVR byte 2, bit 4: a card that has never been online is new.
    "mc-offline": chip("MASTERCARD", MASTERCARD, "0008000000", "E800", "NO CVM", state="offlineQueued", offline="1", responseCode=None),
    "amex": chip("AMEX", "A000000025010801", "0000008000", "F800", "SIGNATURE"),
    "discover": chip("DISCOVER", "A0000001523010", "0000008000", "F800", "SIGNATURE"),
    # TVR byte 1: bit 2 SDA selected, bit 7 SDA failed, bit 4 DDA failed. The issuer decides.
    "sda-old": chip("VISA", VISA, "0200008000", "F800", "SIGNATURE"),
    "wrong-sda": chip("VISA", VISA, "4200008000", "F800", "SIGNATURE"),
    "wrong-dda": chip("VISA", VISA, "0800008000", "F800", "SIGNATURE"),
    "forged-cert": chip("VISA", VISA, "0800008000", "F800", "SIGNATURE"),
    "revoked-cert": chip("VISA", VISA, "0800008000", "F800", "SIGNATURE"),
    # TVR byte 2, bit 7.
    "expired": chip("VISA", VISA, "0040008000", "F800", "SIGNATURE"),
    "blocked-app": refused("17", "declined"),
    "blocked-card": refused("17", "declined"),
    "no-common-aid": refused("2", "deviceUnavailable"),
    "two-apps": chip("VISA", VISA, "0000008000", "F800", "SIGNATURE"),
    "bad-chip": swiped("VISA", "Chip_Swiped"),
    "mute-midway": refused("2", "deviceUnavailable", TVR="0000008000", TSI="C800"),
    # Told before its scripts, which come after the decision: see below.
    "script-fails": chip("VISA", VISA, "0000008000", "F800", "SIGNATURE"),
    "declines-after-approval": chip(
        "VISA", VISA, "0000008000", "F800", "SIGNATURE", result="17", approval="declined", errorCondition="declined", state="reversalPending", responseCode=None),
    "stripe-only": swiped("MASTERCARD", "Swiped"),
    "gift": swiped("GIFT", "Swiped", kind="3"),
}


def cards():
    return {card["name"]: card for card in json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))}


def test_every_card_of_the_laboratory_is_here():
    assert set(cards()) == set(ENDS)


@pytest.mark.parametrize("card", ENDS)
def test_a_card_ends_as_its_name_says(store, pos, card):
    store.automatic(card)
    answer = pos.sale(1221 if card == "script-fails" else 1250)
    expected = ENDS[card]
    found = {field: answer.get(field) for field in expected}
    assert found == expected, answer
    approved, offline = expected.get("approval") == "approved", expected.get("offline")
    charged = 1221 if card == "script-fails" else 1250
    if offline:
        # The approval is the card's; the host learns of it by one advice.
        store.until(lambda: store.saw("1230"), "the advice's answer")
        assert store.saw("1200") == [] and store.net() == charged
        return
    if expected.get("state") == "reversalPending":
        store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    asked = len(store.saw("1200"))
    assert asked == (1 if approved or expected.get("state") else 0)
    assert store.net() == (charged if approved else 0)


def test_a_pin_goes_to_the_host_enciphered_and_to_nobody_else(store, pos):
    store.automatic("visa-debit")
    assert pos.sale(500)["cvm"] == "ONLINE PIN"
    fields = store.saw("1200")[-1]["fields"]
    assert "52" in fields or "53" in fields
    pin = cards()["visa-debit"]["pin"]
    assert f'"{pin}"' not in json.dumps(fields) and f"={pin}" not in store.get("/lab/log")


def test_a_wrong_pin_is_typed_again_and_the_next_sale_is_the_automatic_cardholders(store, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    pos.wait_for_status("Card")
    store.insert("mc-credit")
    pos.wait_for_status("Pin")
    store.post("/lab/pinpad", {"keys": "0000"})
    store.post("/lab/pinpad", {"key": "enter"})
    store.until(lambda: "ncorrect" in store.get("/lab/state")["display"]["text"], "the display to say that the PIN was wrong")
    store.post("/lab/pinpad", {"keys": "4315"})
    store.post("/lab/pinpad", {"key": "enter"})
    while (answer := pos.receive())["operation"] == "Status":
        pass
    assert (answer["result"], answer["cvm"], answer["TVR"]) == ("0", "OFFLINE PIN", "0000000000"), answer


def test_an_issuers_scripts_are_performed_after_the_reply_and_a_card_that_refuses_them_keeps_the_approval(store, pos):
    results = {}
    for card in ("visa-credit", "script-fails"):
        store.automatic(card)
        answer = pos.sale(1221)
        assert answer["approval"] == "approved" and answer["TSI"] == "F800", "told before the scripts"
        lines = store.until(
            lambda: [line for line in store.get("/lab/log").splitlines() if "issuer scripts performed" in line][len(results):], "the scripts")
        results[card] = lines[0]
    # 9F5B (EMV 4.4 Book 4, A5): 2 successful, 1 failed, with the number of the command.
    assert "results=20" in results["visa-credit"] and "results=11" in results["script-fails"]
    assert store.saw("1420") == [] and store.net() == 2442


def test_a_card_over_its_brands_floor_limit_goes_online(store, pos):
    store.automatic("mc-offline")
    answer = pos.sale(5000)
    assert (answer["result"], answer["state"], answer["TVR"], answer.get("offline")) == ("0", "completed", "0008008000", None), answer
    assert len(store.saw("1200")) == 1


def test_a_purchase_cannot_be_split_to_stay_under_the_floor_limit(store, pos):
    store.automatic("mc-offline")
    assert pos.sale(2600)["offline"] == "1"
    store.until(lambda: store.saw("1230"), "the advice's answer")
    second = pos.sale(2400)
    assert (second["state"], second.get("offline")) == ("completed", None), "2600 before and 2400 now reach the limit of 5000"
    assert store.net() == 5000


def test_without_a_host_a_card_under_the_floor_limit_still_approves_and_no_other(store, pos):
    store.post("/lab/host", {"mode": "refuse"})
    store.automatic("mc-offline")
    assert pos.sale(1000)["offline"] == "1"
    store.automatic("mc-credit")
    answer = pos.sale(1000)
    assert (answer["result"], answer["errorCondition"]) == ("21", "hostUnreachable"), answer
    store.post("/lab/host", {"mode": "approve"})
    store.until(lambda: store.net() == 1000, "the advice to arrive")


def test_a_dead_chip_does_not_make_the_next_customers_chip_card_a_stripe_card(store, pos):
    store.automatic("bad-chip")
    assert pos.sale(900)["entryMode"] == "Chip_Swiped"
    store.automatic("visa-credit")
    assert pos.sale(901)["entryMode"] == "Chip"
