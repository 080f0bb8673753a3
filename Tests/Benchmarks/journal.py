#!/usr/bin/env python3
"""What a long journal costs: the same terminal on a journal of a million transactions and on one of sixty, beside each other in one run.

The long one is the short one's own records, many times over under names of their own. Requests go to both in turn, so that a busy machine disturbs
both alike. Exit status 1 when one of the medians differs by more than a fifth."""
import argparse
import importlib.util
import os
import pathlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

_store = importlib.util.spec_from_file_location("store_of_the_tests", pathlib.Path(__file__).resolve().parents[1] / "Store/conftest.py")
_module = importlib.util.module_from_spec(_store)
_store.loader.exec_module(_module)
Store = _module.Store

SHORT, PER_BATCH, GOAL = 60, 1000, 1.2


def sale(pos, name):
    answer = pos.sale(500, uniqueTransactionId=name, reference=name)
    assert answer["approval"] == "approved", answer


def make_short(folder):
    store = Store(folder)
    try:
        store.automatic()
        pos = store.pos()
        for number in range(SHORT):
            sale(pos, f"S{number:07d}")
        pos.close()
    finally:
        store.close()


def lengthen(path, count):
    """Copies of every transaction and its events until there are `count`, in batches of a thousand; every index is filled as it would have been."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY;")
    columns = [row[1] for row in database.execute("PRAGMA table_info(transactions)")]
    new = {
        "number": "copy.n", "id": "printf('%020X', copy.n)", "uniqueID": "printf('C%07d', copy.n)", "reference": "printf('C%07d', copy.n)",
        "batch": f"1 + copy.n / {PER_BATCH}", "requestID": "printf('lengthened-%012d', copy.n)",
    }
    first, last = SHORT + 1, count
    originals = [row[0] for row in database.execute("SELECT number FROM transactions ORDER BY number")]
    assert originals == list(range(1, SHORT + 1)), originals
    numbers = "WITH RECURSIVE copy(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM copy WHERE n < ?2)"
    copies = f"({numbers} SELECT n, 1 + n % {SHORT} AS original FROM copy) AS copy"
    body = "replace(replace(events.body, old.id, printf('%020X', copy.n)), old.uniqueID, printf('C%07d', copy.n))"
    for ending in (",", "}"):
        body = f"replace({body}, '\"batchNumber\":1{ending}', '\"batchNumber\":' || (1 + copy.n / {PER_BATCH}) || '{ending}')"
    for begin in range(first, last + 1, 50_000):
        end = min(last, begin + 49_999)
        database.execute("BEGIN")
        database.execute(
            f"INSERT INTO transactions ({', '.join(columns)}) SELECT {', '.join(new.get(name, 'old.' + name) for name in columns)} "
            f"FROM {copies} JOIN transactions AS old ON old.number = copy.original ORDER BY copy.n", (begin, end))
        database.execute(
            f"INSERT INTO events (transactionNumber, kind, body) SELECT copy.n, events.kind, {body} "
            f"FROM {copies} JOIN transactions AS old ON old.number = copy.original "
            "JOIN events ON events.transactionNumber = old.number ORDER BY copy.n, events.sequence", (begin, end))
        database.execute("COMMIT")
    database.execute("INSERT INTO terminal (name, value) VALUES ('batchNumber', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
                     (1 + last // PER_BATCH,))
    total = database.execute("SELECT count(*) FROM transactions").fetchone()[0]
    assert total == count, f"{total} transactions instead of {count}"
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    # What was written without syncs is on the medium before anything is measured.
    os.sync()


class Side:
    def __init__(self, name, folder):
        self.name, self.seconds, self.count = name, {}, 0
        self.store = Store(folder)
        self.store.automatic()
        self.pos = self.store.pos()

    def timed(self, what, action):
        begin = time.perf_counter()
        action()
        self.seconds.setdefault(what, []).append(time.perf_counter() - begin)

    def sale(self):
        self.count += 1
        self.timed("a sale", lambda: sale(self.pos, f"{self.name}{self.count:06d}"))

    def last(self):
        def ask():
            answer = self.pos.ask(operation="LastTransaction")
            assert answer["uniqueTransactionId"] == f"{self.name}{self.count:06d}", answer
        self.timed("LastTransaction", ask)

    def page(self, **filters):
        def ask():
            answer = self.pos.ask(operation="GetTransactions", limit="50", **filters)
            assert answer["result"] == "0" and len(answer["transactions"]) == 50, answer
        self.timed("GetTransactions, 50 of type SALE" if filters else "GetTransactions, the last 50", ask)

    def start(self):
        """From the program's start to the first answer out of the journal."""
        self.pos.cut()
        self.store.kill()

        def up():
            self.store.start()
            self.pos = self.store.pos()
            assert self.pos.ask(operation="LastTransaction")["result"] == "0"
        self.timed("start to ready", up)

    def close(self):
        self.pos.cut()
        self.store.close()


def measure(sides, sales, starts):
    for side in sides:
        for _ in range(5):
            side.sale()
        side.last(), side.page(), side.page(type="SALE")
        side.seconds.clear()
    for number in range(sales):
        # In turn, and each first half of the time.
        for side in sides if number % 2 else reversed(sides):
            side.sale()
            side.last()
            side.page()
            side.page(type="SALE")
    for number in range(starts):
        for side in sides if number % 2 else reversed(sides):
            side.start()
    short, long = sides
    worst = 0
    for what in short.seconds:
        base, figure = (statistics.median(side.seconds[what]) * 1000 for side in sides)
        ratio = figure / base
        worst = max(worst, ratio)
        print(f"  {what:33} {base:8.2f} ms   {figure:8.2f} ms   ratio {ratio:.2f}")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--sales", type=int, default=200)
    parser.add_argument("--starts", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        short, long = pathlib.Path(folder) / "short", pathlib.Path(folder) / "long"
        short.mkdir()
        make_short(short)
        shutil.copytree(short, long, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
        begin = time.monotonic()
        journal = long / "terminal/journal.sqlite"
        lengthen(journal, options.transactions)
        print(f"A journal of {options.transactions:,} transactions ({journal.stat().st_size / 1e9:.1f} GB, made in {time.monotonic() - begin:.0f} s) "
              f"against one of {SHORT}: medians of {options.sales} requests and {options.starts} starts each", flush=True)
        sides = []
        try:
            for name, place in (("A", short), ("B", long)):
                sides.append(Side(name, place))
            worst = measure(sides, options.sales, options.starts)
        finally:
            for side in sides:
                side.close()
    print(f"  the largest ratio is {worst:.2f}, goal <= {GOAL}")
    return 0 if worst <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
