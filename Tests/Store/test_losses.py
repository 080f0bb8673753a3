"""Connections that break, hosts that stay silent, power that goes: pos-protocol, section 5."""
import pytest
from conftest import POS

DECIDED_BY_THE_JOURNAL = {
    # point: (results that LastTransaction may give after the start, net on the host's books at the end)
    # An instant card lets the acceptance share the pending reversal's commit; then the end after it is an end after both.
    "afterAccept": (("1", "23"), 0),
    "afterPending": (("23",), 0),
    "beforeSend": (("23",), 0),
    "afterSend": (("23",), 0),
    "afterAnswer": (("23",), 0),
    "afterSecondGenerateAC": (("23",), 0),
    "afterDecision": (("0",), 500),
    "beforeReply": (("0",), 500),
    "afterReply": (("0",), 500),
}


def test_killed_while_the_host_is_silent_the_sale_is_23_and_reversed(store, pos):
    store.automatic()
    store.post("/lab/host", {"mode": "silent"})
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="SILENT1")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    store.kill()
    store.post("/lab/host", {"mode": "approve"})
    store.start()
    again = store.pos()
    last = again.ask(operation="LastTransaction")
    assert (last["result"], last["uniqueTransactionId"]) == ("23", "SILENT1")
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0 and len(store.saw("1420")) + len(store.saw("1421")) >= 1
    assert again.ask(operation="LastTransaction")["state"] == "reversed"
    again.close()


@pytest.mark.parametrize("point", DECIDED_BY_THE_JOURNAL)
def test_killed_at_a_point_the_journal_alone_decides(store, pos, point):
    store.automatic()
    store.kill_at(point)
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="KILLED")
    store.until(lambda: not store.get("/lab/state")["terminal"]["running"], f"the end at {point}")
    store.start()
    results, net = DECIDED_BY_THE_JOURNAL[point]
    again = store.pos()
    last = again.ask(operation="LastTransaction")
    assert last["result"] in results and last["uniqueTransactionId"] == "KILLED"
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == net
    assert again.sale(700)["result"] == "0"
    assert store.net() == net + 700
    again.close()


@pytest.mark.parametrize("point", ["beforeReversalSend", "afterReversalSend", "afterReversalAnswer", "afterReversalAck"])
def test_killed_while_reversing_the_reversal_ends_once(store, pos, point):
    store.automatic()
    store.kill_at(point)
    answer_or_death = "33"  # the host answers garbage: a reversal is due at once
    pos.send(operation="Transaction", type="SALE", requestedAmount="10" + answer_or_death, uniqueTransactionId="KILLED")
    store.until(lambda: not store.get("/lab/state")["terminal"]["running"], f"the end at {point}")
    store.start()
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0
    again = store.pos()
    assert again.ask(operation="LastTransaction")["state"] == "reversed"
    again.close()


def test_pos_gone_while_the_host_approves_is_204_and_reversed(store, pos):
    store.automatic()
    store.post("/lab/host", {"latencyMs": 3000})
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="CUT1")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    pos.cut()
    store.until(lambda: store.saw("1420"), "the reversal")
    store.post("/lab/host", {"latencyMs": 0})
    again = store.pos()
    last = again.ask(operation="LastTransaction")
    assert (last["result"], last["uniqueTransactionId"]) == ("204", "CUT1") and last.get("approval") != "approved"
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0
    assert again.ask(operation="LastTransaction")["state"] == "reversed"
    assert [message["fields"]["25"] for message in store.saw("1420")] == ["4013"]
    again.close()


def test_pos_back_in_time_is_held_and_learns_the_approval(store, pos):
    store.automatic()
    store.post("/lab/host", {"latencyMs": 3000})
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="CUT2")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    pos.cut()
    again = store.pos()
    last = again.ask(operation="LastTransaction")
    assert (last["result"], last["approval"], last["uniqueTransactionId"]) == ("0", "approved", "CUT2")
    assert store.net() == 500 and store.saw("1420") == []
    again.close()


def test_pos_gone_before_host_contact_cancels(store, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="GONE")
    pos.wait_for_status("Card")
    pos.cut()
    again = store.pos()
    last = store.until(lambda: (answer := again.ask(operation="LastTransaction"))["result"] != "5" and answer, "the cancellation")
    assert (last["result"], last["uniqueTransactionId"]) == ("12", "GONE")
    assert store.saw("1200") == []
    again.close()


def test_cancel_before_the_card_is_0_then_12_and_after_communication_13(store, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    pos.wait_for_status("Card")
    pos.send(operation="Cancel")
    answers = {}
    while len(answers) < 2:
        message = pos.receive()
        if message["operation"] != "Status":
            answers[message["operation"]] = message["result"]
    assert answers == {"Cancel": "0", "Transaction": "12"}
    assert pos.ask(operation="Cancel")["result"] == "14"

    store.automatic()
    store.post("/lab/host", {"latencyMs": 1500})
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    pos.wait_for_status("Communication")
    assert pos.ask(operation="Cancel")["result"] == "13"
    while (final := pos.receive())["operation"] == "Status":
        pass
    assert final["approval"] == "approved"


def test_a_second_operation_is_5_and_says_nothing_of_the_first(store, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="500", uniqueTransactionId="MINE")
    pos.wait_for_status("Card")
    other = store.pos()
    busy = other.sale(700, uniqueTransactionId="YOURS", requestId="abcdefghijklmnop")
    busy.pop("statuses")
    assert busy["result"] == "5"
    assert set(busy) <= {"operation", "result", "errorCondition", "errorMessage", "requestId"}
    assert other.ask(operation="GetInformation")["information"]["state"] == "busy"
    other.close()


def test_a_card_left_in_the_slot_does_not_pay_the_next_sale(store, pos):
    store.insert()
    assert pos.sale(500)["approval"] == "approved"
    pos.send(operation="Transaction", type="SALE", requestedAmount="700")
    pos.wait_for_status("RemoveCard")
    store.remove()
    pos.wait_for_status("Card")
    store.insert("mc-credit")
    pos.wait_for_status("Pin")
    store.post("/lab/pinpad", {"keys": "4315"})
    store.post("/lab/pinpad", {"key": "enter"})
    while (final := pos.receive())["operation"] == "Status":
        pass
    assert final["approval"] == "approved" and final["cardBrand"] == "MASTERCARD" and final["cvm"] == "OFFLINE PIN"
    assert store.net() == 1200


def test_a_card_pulled_during_host_contact_is_9_and_reversed(store, pos):
    store.insert()
    store.post("/lab/host", {"latencyMs": 1500})
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    store.remove()
    while (final := pos.receive())["operation"] == "Status":
        pass
    assert final["result"] == "9" and "authCode" not in final
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0


def test_a_reader_unplugged_and_plugged_again_is_back_in_service(store, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    pos.wait_for_status("Card")
    store.post("/lab/device", {"device": "chip", "action": "unplug"})
    while (final := pos.receive())["operation"] == "Status":
        pass
    assert final["result"] == "202"
    store.post("/lab/device", {"device": "chip", "action": "plug"})
    store.automatic()
    store.until(lambda: pos.sale(700)["result"] == "0", "the reader to come back")


def restart_itself(store):
    """What a reader does that starts anew, by the clock in it (PCI PTS POI asks for it at least every 24 hours): it leaves the bus and enumerates again."""
    store.post("/lab/device", {"device": "chip", "action": "unplug"})
    store.post("/lab/device", {"device": "chip", "action": "plug"})


def chip_state(pos):
    return next(d["state"] for d in pos.ask(operation="GetInformation")["information"]["devices"] if d["kind"] == "chip")


def test_a_reader_that_restarts_itself_while_idle_is_no_fault_and_takes_the_next_card(store, pos):
    store.automatic()
    watcher = store.pos()
    assert watcher.ask(operation="Subscribe", events=["device"])["result"] == "0"
    for _ in range(3):
        restart_itself(store)
        states = []
        while "ready" not in states:
            device = watcher.receive()["device"]
            states += [device["state"]] if device["kind"] == "chip" else []
        assert states == ["absent", "ready"]
        assert chip_state(pos) == "ready"
    watcher.close()
    assert pos.sale(700)["entryMode"] == "Chip"


def test_a_reader_that_restarts_itself_during_host_contact_cannot_end_the_chip_and_the_sale_is_reversed(store, pos):
    store.insert()
    store.post("/lab/host", {"latencyMs": 1500})
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    restart_itself(store)
    while (final := pos.receive())["operation"] == "Status":
        pass
    assert final["result"] == "202" and "authCode" not in final
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0
    store.until(lambda: chip_state(pos) == "ready", "the reader to be back by itself")


def test_a_host_decline_counts_although_the_reader_restarted_itself(store, pos):
    store.insert()
    store.post("/lab/host", {"latencyMs": 1500, "next": "decline"})
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    store.until(lambda: store.saw("1200"), "the 1200 to arrive at the host")
    restart_itself(store)
    while (final := pos.receive())["operation"] == "Status":
        pass
    assert final["result"] == "19" and store.net() == 0


def test_a_request_repeated_under_its_id_is_answered_as_before_and_charged_once(store, pos):
    store.automatic()
    first = pos.sale(500, requestId="0123456789abcdef-1")
    store.kill()
    store.start()
    again = store.pos()
    replay = again.sale(500, requestId="0123456789abcdef-1")
    assert replay["replayed"] == "1" and replay["authCode"] == first["authCode"]
    other_fields = again.sale(501, requestId="0123456789abcdef-1")
    assert other_fields["result"] == "3"
    assert store.net() == 500
    again.close()
