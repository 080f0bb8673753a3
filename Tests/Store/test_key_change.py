"""The host changes the MAC key (1804/811) of the real program; kills in the middle leave both able to talk."""
import re

import pytest

from conftest import Store


def keys(store):
    host = store.get("/lab/state")["host"]
    return host["macKey"], host["offeredKey"]


def link(store):
    pos = store.pos()
    try:
        return pos.ask(operation="Diagnose")["diagnosis"]
    finally:
        pos.close()


def sells(store, amount):
    pos = store.pos()
    try:
        answer = pos.sale(amount)
        assert answer["result"] == "0" and answer["approval"] == "approved", answer
    finally:
        pos.close()


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path, "--key-change")
    store.automatic()
    yield store
    store.close()


def test_the_key_changes_after_each_start(store):
    """Each start brings a new key, which both sides say they have, and sales go on; the file holds no key in the clear."""
    seen = set()
    for turn in range(3):
        def changed():
            in_force, offered = keys(store)
            host = link(store)["host"]
            return in_force not in seen and offered is None and host["keyChanges"] == "1" and host["macKeyCheckValue"] == in_force and in_force
        in_force = store.until(changed, "a new key in force on both sides")
        seen.add(in_force)
        sells(store, 500 + 100 * turn)
        content = (store.folder / "terminal/host.key").read_text()
        assert re.fullmatch(r"[0-9A-F]{10} D0112M6AC00N0000[0-9A-F]{96}\n", content), content
        store.post("/lab/terminal", {"action": "kill"})
        store.post("/lab/terminal", {"action": "start"})
    assert len(seen) == 3
    messages = store.ledger()["messages"]
    changes = [m for m in messages if m["mti"] == "1814" and m["fields"].get("24") == "811"]
    assert len(changes) >= 3 and all("****" in m["fields"]["48"] for m in changes)


def test_a_refused_change_leaves_the_key_and_is_seen(store):
    before = store.until(lambda: keys(store)[1] is None and link(store)["host"]["keyChanges"] == "1" and keys(store)[0], "the first change")
    for change in ("refuse", "damage"):
        store.post("/lab/host", {"keyChange": change})
        store.post("/lab/terminal", {"action": "kill"})
        store.post("/lab/terminal", {"action": "start"})
        report = store.until(lambda: (r := link(store))["host"]["failedKeyChanges"] == "1" and r, f"a change that fails: {change}")
        assert report["host"]["keyChanges"] == "0" and report["host"]["macKeyCheckValue"] == before
        finding = next(f for f in report["system"] if f["check"] == "hostKey")
        assert finding["severity"] == "warning" and report["host"]["lastKeyChangeFailure"] in finding["message"]
        sells(store, 700)


def test_kills_while_the_key_changes(store):
    """Wherever the terminal is killed, its next life is understood."""
    for turn in range(12):
        store.post("/lab/terminal", {"action": "kill"})
        store.post("/lab/terminal", {"action": "start"})
        for _ in range(turn):  # a different place in the change each time
            store.get("/lab/state")
    store.post("/lab/terminal", {"action": "kill"})
    store.post("/lab/terminal", {"action": "start"})
    sells(store, 900)
    agreed = store.until(lambda: keys(store)[1] is None and link(store)["host"]["macKeyCheckValue"] == keys(store)[0], "one key on both sides")
    assert agreed
    refused = [m for m in store.ledger()["messages"] if m["direction"] == "out" and m["fields"].get("39") == "916"]
    assert refused == [], "a message under a key that the host no longer had"
