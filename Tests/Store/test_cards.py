"""Every card of the laboratory, through real processes, ends as its name says: result, entry mode, TVR, TSI, cardholder verification.

TVR and TSI are compared whole (EMV 4.4 Book 3, C5 and C6). Where nobody may approve offline the amount is over the floor limit of 0: TVR byte 4,
bit 8. TSI: F8 is data authentication, cardholder verification, card risk management, issuer authentication, terminal risk management; E8 lacks the
issuer's authentication, which a Mastercard does inside its second GENERATE AC."""
import contextlib
import json
import subprocess

import pytest
from conftest import BIN, PATIENCE, ROOT

VISA, ELECTRON, COMMON_DEBIT, MASTERCARD = "A0000000031010", "A0000000032010", "A0000000980840", "A0000000041010"


def chip(brand, aid, tvr, tsi, cvm, **more):
    return {"result": "0", "approval": "approved", "state": "completed", "entryMode": "Chip", "responseCode": "00", "cardBrand": brand,
            "cardTypeProcessed": "1", "AID": aid, "TVR": tvr, "TSI": tsi, "cvm": cvm} | more


def swiped(brand, mode, kind="1"):
    return {"result": "0", "approval": "approved", "state": "completed", "entryMode": mode, "responseCode": "00", "cardBrand": brand,
            "cardTypeProcessed": kind, "cvm": "SIGNATURE", "AID": None, "TVR": None, "TSI": None}


def refused(result, condition, **more):
    approval = "declined" if result == "17" else None
    nothing = dict.fromkeys(("state", "authCode", "entryMode", "TVR", "TSI", "cvm"))
    return nothing | {"result": result, "errorCondition": condition, "approval": approval} | more


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
    "mute-midway": refused("2", "deviceUnavailable", entryMode="Chip", TVR="0000008000", TSI="C800", cvm="SIGNATURE"),
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


def test_the_table_of_cards_in_the_documentation_says_the_same():
    page = (ROOT / "docs/emv.md").read_text().split("## How the laboratory's cards end")[1].split("## See it")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`"): row[1:6] for row in rows} == {
        card: [end["result"], *(end[field] or "–" for field in ("entryMode", "TVR", "TSI", "cvm"))] for card, end in ENDS.items()}


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


def restart_with(store, emv):
    """The terminal comes back with further keys under `emv`, as an integrator writes them."""
    file = store.folder / "terminal.yaml"
    store.kill()
    file.write_text(file.read_text().replace("emv:\n", "emv:\n" + "".join(f"  {key}: {value}\n" for key, value in emv.items())))
    store.start()


@contextlib.contextmanager
def sale_with(store, emv):
    restart_with(store, emv)
    pos = store.pos()

    def readers():
        devices = pos.ask(operation="GetInformation")["information"]["devices"]
        return {"chip", "pinpad"} <= {device["kind"] for device in devices if device["state"] == "ready"}

    try:
        store.until(readers, "the reader with its keypad")
        yield pos
    finally:
        pos.close()


def objects(text):
    """Tag and value of each object of a field 55."""
    data, found = bytes.fromhex(text), {}
    while data:
        size = 2 if data[0] & 0x1F == 0x1F else 1
        end = size + 1 + data[size]
        found[data[:size].hex().upper()] = data[size + 1:end].hex().upper()
        data = data[end:]
    return found


def test_another_table_of_data_objects_reaches_host_card_and_receipt(store):
    (store.folder / "objects.yaml").write_text("""\
request: ["9F26", "9F27", "9F10", "9F37", "9F36", "95", "9A", "9C", "9F02", "5F2A", "82", "9F1A", "9F03", "9F33", "84", "9F34"]
final: ["9F26", "9F27", "9F36", "9F10", "95", "9B"]
receipt:
  - {tag: "84", label: AID}
  - {tag: "9F26", label: CRYPTOGRAM}
  - {tag: "9F34", label: CVM}
""")
    with sale_with(store, {"dataObjects": "objects.yaml"}) as pos:
        store.automatic("visa-credit")
        answer = pos.sale(1250)
    assert answer["approval"] == "approved", answer
    sent = objects(store.saw("1200")[-1]["fields"]["55"])
    assert list(sent) == "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33 84 9F34".split()
    lines = [line.split() for line in answer["merchantReceipt"].splitlines()]
    assert ["AID", VISA] in lines and ["CVM", sent["9F34"]] in lines
    assert [len(line[1]) for line in lines if line[:1] == ["CRYPTOGRAM"]] == [16]
    assert "TVR" not in answer["merchantReceipt"]


def test_a_table_of_data_objects_that_does_not_fit_stops_the_start_with_its_line(store):
    (store.folder / "objects.yaml").write_text('# ours\nrequest: ["9F26", "5A"]\n')
    file = store.folder / "terminal.yaml"
    file.write_text(file.read_text().replace("emv:\n", "emv:\n  dataObjects: objects.yaml\n"))
    run = subprocess.run([BIN / "countertop", "serve", "--config", file, "--check"], capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 78 and "objects.yaml:2: request" in run.stdout + run.stderr, run.stdout + run.stderr


def test_a_card_in_the_exception_file_is_not_approved_without_its_issuer(store):
    """EMV 4.4 Book 4, 6.3.5: TVR byte 1, bit 5; the default action codes send such a card online."""
    card, other = "mc-offline", "visa-credit"
    entry = subprocess.run(
        [BIN / "countertop", "emv", "exception", "--config", store.folder / "terminal.yaml"], input=cards()[card]["pan"], capture_output=True,
        text=True, timeout=PATIENCE).stdout
    (store.folder / "hot.txt").write_text(f"# reported stolen\n{entry}")
    with sale_with(store, {"exceptions": "hot.txt"}) as pos:
        store.automatic(card)
        answer = pos.sale(1250)
        assert (answer.get("TVR"), answer.get("offline"), len(store.saw("1200"))) == ("1008000000", None, 1), answer
        store.post("/lab/host", {"mode": "refuse"})
        answer = pos.sale(1250)
        assert (answer["result"], answer.get("approval"), answer.get("TVR", "")[:2]) == ("21", None, "10"), "nobody approves it without its issuer"
        store.post("/lab/host", {"mode": "approve"})
        store.automatic(other)
        assert pos.sale(500)["TVR"] == "0000008000", "no other card is in the file"


def test_an_action_code_of_the_card_table_declines_a_card_of_the_exception_file_at_once(store):
    """EMV 4.4 Book 3, 10.7: denial codes come before the question whether to go online."""
    (store.folder / "hot.txt").write_text(cards()["visa-credit"]["pan"][:8] + "\n")
    table = store.folder / "cards.yaml"
    table.write_text(table.read_text().replace("label: VISA CREDIT,", 'label: VISA CREDIT, denial: "1010000000",'))
    with sale_with(store, {"exceptions": "hot.txt"}) as pos:
        store.automatic("visa-credit")
        answer = pos.sale(1250)
    assert (answer["result"], answer["approval"], answer["TVR"]) == ("17", "declined", "1000008000"), answer
    assert store.saw("1200") == [] and store.net() == 0


def test_a_debit_card_pays_by_the_network_that_the_merchant_prefers(store):
    """A US debit card has its brand's application first and the common debit one (Regulation II, 12 CFR 235.7)."""
    assert cards()["visa-debit"]["aids"] == [VISA, COMMON_DEBIT]
    table = store.folder / "cards.yaml"
    preferring = table.read_text()
    with sale_with(store, {}) as pos:
        pos.send(operation="Transaction", type="SALE", requestedAmount="500")
        pos.wait_for_status("Card")
        store.automatic("visa-debit")
        contexts = []
        while (answer := pos.receive())["operation"] == "Status":
            contexts.append(answer["context"])
        assert (answer["AID"], answer["cardTypeProcessed"], answer["approval"]) == (COMMON_DEBIT, "2", "approved"), answer
        assert "ApplicationSelection" not in contexts, "nobody is asked"
    assert preferring.count(", preferredOver: [A000000003]}") == 1
    table.write_text(preferring.replace(", preferredOver: [A000000003]}", "}"))
    with sale_with(store, {}) as pos:
        store.automatic(None)
        pos.send(operation="Transaction", type="SALE", requestedAmount="500")
        pos.wait_for_status("Card")
        store.insert("visa-debit")
        pos.wait_for_status("ApplicationSelection")
        buttons = store.until(lambda: store.get("/lab/state")["display"]["buttons"], "the choice")
        assert buttons[:2] == ["VISA DEBIT", "Visa Debit"], "without a preference the cardholder chooses, the card's first priority first"
        store.post("/lab/display", {"press": buttons[0]})
        while (answer := pos.receive())["operation"] == "Status":
            if answer["context"] == "Pin":
                store.post("/lab/pinpad", {"keys": cards()["visa-debit"]["pin"]})
                store.post("/lab/pinpad", {"key": "enter"})
    assert (answer["AID"], answer["approval"]) == (VISA, "approved"), answer


def test_a_card_number_typed_by_nobody_is_no_way_to_pay(store, pos):
    """docs/emv.md, "Keyed entry": no attached device enciphers a typed number."""
    answer = pos.sale(500, entryModes=["manual"])
    assert (answer["result"], answer["errorCondition"], answer.get("approval")) == ("20", "deviceUnavailable", None), answer
    assert store.saw("1200") == []
