"""`GET /metrics` on the POS port: what a monitor reads, from this machine only."""
import re
import urllib.request


def metrics(store):
    address = store.ready["pos"].replace("ws://", "http://") + "metrics"
    with urllib.request.urlopen(address) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+(\{[a-z]+="[A-Za-z]+"\})? [0-9]+', line) for line in lines), text
    values = dict(line.rsplit(" ", 1) for line in lines)
    assert len(values) == len(lines), "a name stands there twice"
    for name in {line.split("{")[0].split(" ")[0] for line in lines}:
        assert f"# TYPE {name} " in text and f"# HELP {name} " in text
    return {name: int(value) for name, value in values.items()}


def test_answers_and_what_becomes_of_them_are_counted(store, pos):
    store.automatic()
    assert pos.sale(1000)["approval"] == "approved"
    before = metrics(store)
    assert before["countertop_host_connected"] == 1 and before["countertop_journal_readable"] == 1
    assert before['countertop_host_exchanges_total{outcome="answered"}'] == 1
    assert pos.sale(1036)["approval"] == "approved"  # answered twice
    assert pos.sale(1034)["result"] == "23"  # another trace number
    after = store.until(
        lambda: (now := metrics(store))["countertop_pending_reversals"] == 0 and now, "the reversal of the sale without an answer")
    ignored = {reason: after[f'countertop_host_ignored_answers_total{{reason="{reason}"}}'] for reason in ("late", "duplicate", "unmatched")}
    assert ignored == {"late": 0, "duplicate": 1, "unmatched": 1}, ignored
    assert after['countertop_host_exchanges_total{outcome="unanswered"}'] == 1
    host = pos.ask(operation="Diagnose")["diagnosis"]["host"]
    assert (host["late"], host["duplicates"], host["unmatched"]) == ("0", "1", "1")
