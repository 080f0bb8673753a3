"""`countertop journal` on the journal of a terminal that runs: what an operator reads, and what an operator ends."""
import json
import sqlite3
import subprocess

from conftest import BIN

ORDER = ["accepted", "reversalPending", "decided"]


def folder(store):
    (path,) = store.folder.rglob("journal.sqlite")
    return path.parent


def journal(store, command, *arguments, code=0):
    result = subprocess.run(
        [BIN / "countertop", "journal", command, "--data", folder(store), *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout + result.stderr


def lines(store, command, *arguments):
    return journal(store, command, *arguments).splitlines()


def silent_sale(store, pos):
    """Its host has not answered and will not; the reversal is due."""
    store.post("/lab/host", {"mode": "silent"})
    pos.send(operation="Transaction", type="SALE", requestedAmount="700")
    store.until(lambda: len(store.saw("1200")) == 2, "the 1200 to arrive at the host")
    store.kill()
    store.start()
    again = store.pos()
    last = again.ask(operation="LastTransaction")
    again.close()
    assert (last["result"], last["state"]) == ("23", "reversalPending"), last
    return last["transactionID"]


def test_list_show_and_export_tell_every_transaction_while_the_terminal_runs(store, pos):
    store.automatic()
    first, declined = pos.sale(1000), pos.sale(1001)
    assert (first["approval"], declined["result"]) == ("approved", "19")
    void = pos.ask(operation="Transaction", type="VOID", originalTransactionID=first["transactionID"])
    assert void["state"] == "voided"
    ids = [answer["transactionID"] for answer in (void, declined, first)]
    listed = [line.split("  ") for line in lines(store, "list")]
    assert [line[0] for line in listed] == ids, "newest first"
    assert [line[3] for line in listed] == ["VOID", "SALE", "SALE"] and [line[5] for line in listed] == ["result 0", "result 19", "result 0"]
    assert listed[2][6:9] == ["voided", "1000", first["authCode"]], listed[2]
    assert [line.split("  ")[0] for line in lines(store, "list", "--limit", 2)] == ids[:2]
    assert ids[2] in journal(store, "list", "--state", "voided") and ids[1] not in journal(store, "list", "--state", "voided")
    assert lines(store, "list", "--batch", 999) == []
    shown = [line.split(" ", 1) for line in lines(store, "show", first["transactionID"])]
    assert [kind for kind, _ in shown] == [*ORDER, "followed"] and all(json.loads(body) for _, body in shown)
    exported = [json.loads(line) for line in lines(store, "export")]
    assert [(event["transaction"], event["kind"]) for event in exported if event["transaction"] == ids[1]] == [(ids[1], kind) for kind in ORDER]
    assert {event["transaction"] for event in exported} == set(ids)
    assert [event["body"] for event in exported if event["transaction"] == ids[2]] == [json.loads(body) for _, body in shown]
    # Nothing of a card is in it that the answers do not show.
    assert "4761739001010119" not in journal(store, "export")
    assert "There is no transaction" in journal(store, "show", "none", code=64)
    assert "There is no state" in journal(store, "list", "--state", "wrong", code=64)


def test_verify_finds_nothing_while_the_terminal_runs_and_names_what_somebody_changed(store, pos):
    store.automatic()
    sale = pos.sale(1000)
    assert journal(store, "verify") == "The journal is in order.\n"
    with sqlite3.connect(folder(store) / "journal.sqlite") as database:
        database.execute("UPDATE transactions SET approved = 0")
    database.close()
    assert journal(store, "verify", code=1) == f"{sale['transactionID']}: approved is wrong\n"


def test_resolve_ends_a_reversal_with_a_journaled_reason_and_the_running_terminal_sends_no_more_of_it(store, pos):
    store.automatic()
    assert pos.sale(1000)["approval"] == "approved"
    due = silent_sale(store, pos)
    assert "must say something" in journal(store, "resolve", due, "--reason", " ", code=64)
    assert "Nothing of 'none' waits" in journal(store, "resolve", "none", "--reason", "gone", code=64)
    assert journal(store, "resolve", due, "--reason", "settled by telephone") == f"1 message of {due} ended.\n"
    assert "Nothing of" in journal(store, "resolve", due, "--reason", "again", code=64)
    assert "settled by telephone" in journal(store, "show", due)
    # At its next attempt, which comes within 30 s of the last.
    store.until(store.no_reversal_pending, "the terminal to see that the reversal is ended")
    sent = len(store.saw("1420")) + len(store.saw("1421"))
    store.post("/lab/host", {"mode": "approve"})
    again = store.pos()
    assert again.ask(operation="LastTransaction")["state"] == "unknown", "what an operator ended the terminal does not know"
    assert again.sale(900)["approval"] == "approved"
    again.close()
    assert len(store.saw("1420")) + len(store.saw("1421")) == sent
    assert journal(store, "verify") == "The journal is in order.\n"


def test_resolve_ends_a_batch_that_the_host_does_not_confirm_and_the_next_one_settles(store, pos):
    store.automatic()
    assert pos.sale(1000)["approval"] == "approved"
    store.post("/lab/host", {"mode": "silent"})
    pos.send(operation="Transaction", type="SETTLEMENT")
    store.until(lambda: store.saw("1520"), "the 1520 to arrive at the host")
    store.kill()
    store.start()
    assert "no batch that waits" in journal(store, "resolve", "batch:7", "--reason", "gone", code=64)
    assert journal(store, "resolve", "batch:1", "--reason", "confirmed on paper") == "Batch 1 is ended.\n"
    assert "no batch that waits" in journal(store, "resolve", "batch:1", "--reason", "again", code=64)
    store.post("/lab/host", {"mode": "approve"})
    again = store.pos()
    assert again.sale(900)["batchNumber"] == "000002"
    settled = again.ask(operation="Transaction", type="SETTLEMENT")
    again.close()
    assert (settled["result"], settled["batchNumber"], settled["salesAmount"]) == ("0", "000002", "900"), settled
