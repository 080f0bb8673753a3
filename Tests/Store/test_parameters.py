"""Parameters of a POS that change what a sale does, on the real terminal: tip, tax, the vendor's id, limits of refunds."""
import datetime
import re



def set_parameters(pos, **values):
    answer = pos.ask(operation="SetParameter", parameters=[{"key": key, "value": str(value)} for key, value in values.items()])
    assert answer["result"] == "0" and {entry["key"]: entry["value"] for entry in answer["parameters"]} == {key: str(value) for key, value in values.items()}


def shown(store, prompt):
    return store.until(lambda: (display := store.get("/lab/state")["display"])["prompt"] == prompt and display, f"the display to show {prompt}")


def final(pos):
    while (message := pos.receive())["operation"] == "Status":
        pass
    return message


def private(message):
    """The elements of field 48: tag (2), length (3), value."""
    text, found = message["fields"]["48"], {}
    while text:
        tag, length = text[:2], int(text[2:5])
        found[tag], text = text[5:5 + length], text[5 + length:]
    return found


def test_the_cardholder_chooses_a_tip_before_the_card(store, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="1000", uniqueTransactionId="TIP1", parameters=[{"key": "TIP", "value": "1"}])
    status = pos.wait_for_status("Tip")
    assert status["uniqueTransactionId"] == "TIP1" and status["result"] == "60"
    assert shown(store, "tip")["buttons"][:3] == ["15%", "18%", "20%"]
    store.post("/lab/display", {"press": "18%"})
    pos.wait_for_status("Card")
    store.insert()
    answer = final(pos)
    assert (answer["requestedAmount"], answer["tipAmount"], answer["totalAmount"], answer["authorizedAmount"]) == ("1000", "180", "1180", "1180")
    assert re.search(r"TIP +USD 1\.80\n", answer["customerReceipt"]) and re.search(r"TOTAL +USD 11\.80\n", answer["merchantReceipt"])
    assert store.net() == 1180


def test_another_amount_is_typed_and_too_much_must_be_confirmed(store, pos):
    set_parameters(pos, TIP="1", TIPEXCEED="25")
    pos.send(operation="Transaction", type="SALE", requestedAmount="1000")
    shown(store, "tip")
    store.post("/lab/display", {"press": "Other amount"})
    shown(store, "entry")
    store.post("/lab/display", {"entered": "500"})
    assert "USD 15.00" in shown(store, "confirm")["text"]
    store.post("/lab/display", {"press": "No"})
    shown(store, "tip")
    store.post("/lab/display", {"press": "Cancel"})
    answer = final(pos)
    assert answer["result"] == "11" and answer["errorCondition"] == "cancelled" and "approval" not in answer
    assert store.saw("1200") == []


def test_static_tip_tax_and_vendor_reach_host_and_receipt_and_outlive_a_restart(store, pos):
    set_parameters(pos, STATICTIP="10", TAXPERCENT="8", HWVENDORID="ACME01")
    store.kill()
    store.start()
    again = store.pos()
    store.automatic()
    answer = again.sale(1080)
    assert (answer["tipAmount"], answer["totalAmount"]) == ("108", "1188") and re.search(r"TAX INCLUDED +USD 0\.80\n", answer["customerReceipt"])
    assert private(store.saw("1200")[-1])["08"] == "ACME01"
    assert store.net() == 1188
    again.close()


def test_refunds_without_an_original_have_limits(store, pos):
    store.automatic()
    set_parameters(pos, REFUNDLIMIT="400", REFUNDDAYLIMIT="600")
    assert pos.ask(operation="Transaction", type="REFUND", requestedAmount="401")["result"] == "201"
    assert pos.ask(operation="Transaction", type="REFUND", requestedAmount="400")["approval"] == "approved"
    over = pos.ask(operation="Transaction", type="REFUND", requestedAmount="201")
    assert over["result"] == "201" and "REFUNDDAYLIMIT" in over["errorMessage"]
    assert pos.ask(operation="Transaction", type="REFUND", requestedAmount="200")["approval"] == "approved"
    assert store.net() == -600


def test_the_restart_time_is_told(store, pos):
    """`nextRestart` is the next time of day of RESTARTTIME; the parameter is read at the start."""
    soon = (datetime.datetime.now() + datetime.timedelta(hours=2)).replace(second=0, microsecond=0)
    set_parameters(pos, RESTARTTIME=soon.strftime("%H%M"))
    store.kill()
    store.start()
    again = store.pos()
    told = datetime.datetime.fromisoformat(again.ask(operation="GetInformation")["information"]["nextRestart"])
    assert abs((told.astimezone().replace(tzinfo=None) - soon).total_seconds()) <= 60
    again.close()
