"""Clients of the Payment Terminal Application must work unchanged: two of them, written as they are written, on the real terminal."""
import json

import pytest
from chromium import Browser
from conftest import ROOT
from persistent_client import PersistentClient


@pytest.fixture
def client(store):
    client = PersistentClient(store.ready["pos"], store.ready["ca"])
    yield client
    client.close()


# (a) One persistent connection.

def test_one_connection_sells_and_voids_all_day(store, client):
    store.automatic()
    codes = []
    for number in range(5):
        answer = client.sale(500 + 100 * number, f"DAY{number}")
        assert (answer["result"], answer["approval"], answer["uniqueTransactionId"]) == ("0", "approved", f"DAY{number}")
        assert answer["totalAmount"] == answer["authorizedAmount"] == str(500 + 100 * number)
        assert "Card" in client.contexts and "Tip" not in client.contexts
        codes.append(answer["authCode"])
    voided = client.void(codes[0])
    assert (voided["result"], voided["approval"], voided["authCode"], voided["originalAuthCode"]) == ("0", "approved", codes[0], codes[0])
    again = client.void(codes[0])
    assert (again["result"], again["approval"]) == ("0", "approved"), "a client told 'refused' would refund on top"
    assert client.void("ZZZZZZ")["result"] == "4"
    assert client.connections == 1 and store.net() == 600 + 700 + 800 + 900


def test_its_tip_is_asked_and_in_both_amounts(store, client):
    def choose(context):
        if context == "Tip":
            store.until(lambda: store.get("/lab/state")["display"]["prompt"] == "tip", "the question for a tip")
            store.post("/lab/display", {"press": "20%"})
            store.automatic()
    answer = client.sale(1000, "TIPPED", tip="1", on_context=choose)
    assert (answer["tipAmount"], answer["totalAmount"], answer["authorizedAmount"]) == ("200", "1200", "1200")
    assert client.void(answer["authCode"])["result"] == "0" and store.net() == 0


def test_a_decline_says_so_and_no_more(store, client):
    store.automatic()
    answer = client.sale(501, "DECLINED")
    assert (answer["result"], answer["approval"]) == ("19", "declined") and "authCode" not in answer


def test_cancel_and_its_transaction_come_within_five_seconds(store, client):
    answer = client.sale(500, "CANCELLED", on_context=lambda context: "cancel" if context == "Card" else None)
    assert (client.cancelled, answer["result"], answer["uniqueTransactionId"]) == ("0", "12", "CANCELLED")
    store.automatic()
    store.post("/lab/host", {"latencyMs": 1500})
    answer = client.sale(500, "TOOLATE", on_context=lambda context: "cancel" if context == "Communication" else None)
    assert (client.cancelled, answer["approval"]) == ("13", "approved")


def test_a_connection_that_nobody_reads_is_kept_while_another_point_of_sale_is_served(store, client, pos):
    """Pings go out every 2 s meanwhile, and this one's stay unanswered for longer than any suspicion lasts (15 s)."""
    answer = pos.ask(operation="SetParameter", parameters=[{"key": "CARDTIMEOUT", "value": "20"}])
    assert answer["result"] == "0"
    assert pos.sale(500)["result"] == "10"
    store.automatic()
    assert client.sale(700, "AFTERWARDS")["approval"] == "approved" and client.connections == 1


def test_dropped_while_the_host_is_asked_it_asks_once_and_finds_its_sale(store, client):
    store.automatic()
    store.post("/lab/host", {"latencyMs": 3000})

    def cut_at_the_host(context):
        if context == "Communication":
            store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
            client.cut()
    answer = client.sale(500, "CUT1", on_context=cut_at_the_host)
    assert (answer["operation"], answer["result"], answer["approval"]) == ("LastTransaction", "0", "approved")
    assert client.connections == 2 and store.net() == 500 and store.saw("1420") == []


def test_dropped_before_the_card_it_finds_its_sale_cancelled(store, client):
    answer = client.sale(500, "CUT2", on_context=lambda context: client.cut() if context == "Card" else None)
    assert (answer["result"], answer["uniqueTransactionId"]) == ("12", "CUT2") and store.saw("1200") == []


def test_dropped_before_anything_began_the_last_transaction_is_another(store, client):
    store.automatic()
    assert client.sale(500, "FIRST")["approval"] == "approved"
    client.cut()
    assert client.recover("NEVERSENT") is None
    assert client.sale(700, "SECOND")["approval"] == "approved" and store.net() == 1200


def test_a_power_cut_of_the_terminal_is_a_drop_like_any_other(store, client):
    store.automatic()
    store.post("/lab/host", {"mode": "silent"})

    def power_cut(context):
        if context == "Communication":
            store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
            store.kill()
            store.post("/lab/host", {"mode": "approve"})
            store.start()
    answer = client.sale(500, "POWER", on_context=power_cut)
    assert (answer["result"], answer["uniqueTransactionId"]) == ("23", "POWER") and answer.get("approval") != "approved"
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0


def test_busy_with_another_it_is_told_5_without_the_others_ids(store, client, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="OTHER")
    pos.wait_for_status("Card")
    answer = client.sale(700, "MINE")
    assert answer["result"] == "5" and "uniqueTransactionId" not in answer
    assert pos.ask(operation="Cancel")["result"] in ("0", "12")


# (b) A browser that opens a connection for every operation.

@pytest.fixture
def page(store, tmp_path):
    """A page of the POS, in a browser whose person has opened the terminal's address and accepted its certificate."""
    address = store.ready["posTLS"].replace("wss://", "https://")
    browser = Browser(tmp_path / "chromium", address)
    assert "payment terminal" not in browser.text("h1"), "the browser does not trust the site's own authority"
    for key in "thisisunsafe":  # what Chromium takes for "Proceed"
        browser.key(key)
    browser.until_text("h1", "This is a payment terminal")
    script = (ROOT / "Tests/Store/fresh_client.js").as_uri()
    (tmp_path / "pos.html").write_text(f'<!doctype html><meta charset="utf-8"><title>POS</title><script src="{script}"></script>')
    browser.open(f"{(tmp_path / 'pos.html').as_uri()}?terminal={store.ready['posTLS']}")
    browser.until(lambda: browser.run("typeof sale") == "function", "the client's script")
    yield browser
    browser.close()


def start(page, call):
    """Begins something; `finished` waits for it."""
    page.run(f"window.outcome = null; ({call}).then((answer) => {{ window.outcome = answer; }}, (error) => {{ window.outcome = {{ failed: String(error) }}; }}); null")


def finished(page):
    return json.loads(page.until(lambda: page.run("window.outcome && JSON.stringify(window.outcome)"), "an outcome"))


def run(page, call):
    start(page, call)
    return finished(page)


def test_a_fresh_connection_for_each_operation_sells_and_voids(store, page):
    store.automatic()
    answer = run(page, "sale('1250', 'ORDER0000001')")
    assert (answer["result"], answer["approval"], answer["reference"], answer["totalAmount"]) == ("0", "approved", "ORDER0000001", "1250")
    assert answer["cardTypeProcessed"] == "1"
    undone = run(page, f"undo({json.dumps(answer)})")
    assert (undone["type"], undone["result"], undone["approval"], undone["totalAmount"]) == ("VOID", "0", "approved", "1250")
    assert store.net() == 0 and page.run("asked.join(' ')") == "Transaction Transaction"


def test_a_debit_sale_is_given_back_by_refund(store, page):
    store.automatic("visa-debit")
    answer = run(page, "sale('800', 'ORDER0000002')")
    assert (answer["approval"], answer["cardTypeProcessed"]) == ("approved", "2")
    undone = run(page, f"undo({json.dumps(answer)})")
    assert (undone["type"], undone["approval"], undone["totalAmount"]) == ("REFUND", "approved", "800") and store.net() == 0


def test_after_a_drop_the_browser_finds_its_sale_by_its_reference(store, page):
    store.automatic()
    store.post("/lab/host", {"latencyMs": 3000})
    start(page, "sale('500', 'ORDER0000003', (socket) => { window.line = socket; })")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    page.run("window.line.close()")
    answer = finished(page)
    assert (answer["operation"], answer["result"], answer["approval"], answer["reference"]) == ("LastTransaction", "0", "approved", "ORDER0000003")
    assert store.net() == 500 and store.saw("1420") == []


def test_after_a_power_cut_the_browser_finds_its_sale_by_its_reference(store, page):
    store.automatic()
    store.post("/lab/host", {"mode": "silent"})
    start(page, "sale('500', 'ORDER0000004')")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    store.kill()
    store.post("/lab/host", {"mode": "approve"})
    store.start()
    answer = finished(page)
    assert (answer["result"], answer["reference"]) == ("23", "ORDER0000004") and "approval" not in answer
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0


def test_the_same_reference_again_is_refused_and_charges_nothing(store, page):
    store.automatic()
    assert run(page, "sale('500', 'ORDER0000005')")["approval"] == "approved"
    again = run(page, "sale('500', 'ORDER0000005')")
    assert again["result"] == "3" and "reference" in again["errorMessage"] and store.net() == 500
