#!/usr/bin/env python3
"""`make torture [RUNS=N] [SEED=N]`: the terminal's process killed at every named point and at random times, with real sockets and disk.

Each run makes one transaction, kills the process somewhere in it, starts it again, asks `LastTransaction`, waits until nothing is left to do, and
compares three books to the cent: what the POS was told, what the terminal says now, and the host's ledger. Stores run beside each other; the
points are dealt out in turn, so that each is met. Exit status 1 at the first difference, with everything needed to look at it."""
import argparse
import importlib.util
import itertools
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

_store = importlib.util.spec_from_file_location("store_of_the_tests", pathlib.Path(__file__).resolve().parents[1] / "Store/conftest.py")
_module = importlib.util.module_from_spec(_store)
_store.loader.exec_module(_module)
BIN, PATIENCE, Store = _module.BIN, _module.PATIENCE, _module.Store

POINTS = """afterAccept afterPending beforeSend afterSend afterAnswer afterSecondGenerateAC afterDecision beforeReply afterReply beforeReversalSend
afterReversalSend afterReversalAnswer afterReversalAck afterAdviceSend afterAdviceAnswer beforeBatchRoll afterBatchRoll afterReconciliationSend
afterReconciliationAnswer""".split()
# What a transaction must be for a point to be passed in it.
KINDS = {
    **{point: "SALE" for point in POINTS[:9]}, **{point: "REVERSED" for point in POINTS[9:13]},
    **{point: "COMPLETION" for point in POINTS[13:15]}, **{point: "SETTLEMENT" for point in POINTS[15:]}, None: None,
}
RUNS_PER_STORE = 25


class Difference(AssertionError):
    pass


class Books:
    """What the host must have on its books, by the terminal's own word: minor units by the POS's name of the transaction."""

    def __init__(self):
        self.worth = {}
        self.last_approved = {}

    def learn(self, answer, original):
        name, kind = answer.get("uniqueTransactionId"), answer.get("type")
        approved = answer.get("approval") == "approved" and answer["result"] == "0"
        amount = int(answer.get("totalAmount", "0")) if approved else 0
        self.worth[name] = {"SALE": amount, "FORCE": amount, "COMPLETION": amount, "REFUND": -amount}.get(kind, 0)
        if approved:
            self.last_approved[kind] = answer
            if kind == "VOID" and original:
                self.worth[original["uniqueTransactionId"]] = 0
                self.last_approved.pop("SALE", None)
            if kind == "COMPLETION":
                self.last_approved.pop("AUTHORIZATION", None)

    @property
    def net(self):
        return sum(self.worth.values())


class Torturer:
    def __init__(self, folder, chance):
        self.store = Store(folder)
        self.store.automatic()
        self.random = chance
        self.books = Books()
        self.count = 0
        self.history = []

    def running(self):
        return self.store.get("/lab/state")["terminal"]["running"]

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE * 2
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.01)
        raise Difference(f"waited {PATIENCE * 2} s for {what}")

    def request(self, kind):
        """The transaction of a kind; its original, where it has one, is made first."""
        self.count += 1
        fields = {"operation": "Transaction", "uniqueTransactionId": f"T{self.count:06d}", "requestId": f"torture-{self.count:012d}"}
        dollars = self.random.randint(1, 99)
        if kind == "REVERSED":
            return fields | {"type": "SALE", "requestedAmount": f"{dollars}33"}, None  # the host answers garbage: a reversal is due
        original = self.books.last_approved.get({"VOID": "SALE", "COMPLETION": "AUTHORIZATION"}.get(kind))
        if kind in ("VOID", "COMPLETION"):
            if original is None:
                return fields | {"type": "SALE" if kind == "VOID" else "AUTHORIZATION", "requestedAmount": f"{dollars}00"}, None
            fields |= {"originalTransactionID": original["transactionID"]}
            return fields | {"type": kind} | ({"requestedAmount": original["totalAmount"]} if kind == "COMPLETION" else {}), original
        if kind == "SETTLEMENT":
            return fields | {"type": kind}, None
        return fields | {"type": kind, "requestedAmount": f"{dollars}00"}, None

    def run(self, point):
        kind = KINDS[point] or self.random.choice(["SALE", "SALE", "VOID", "REFUND", "COMPLETION", "REVERSED", "SETTLEMENT"])
        if kind == "COMPLETION" and "AUTHORIZATION" not in self.books.last_approved:
            self.one(self.request("COMPLETION"), None)  # the authorization first, undisturbed
        self.one(self.request(kind), point or self.random.uniform(0, 0.6))

    def one(self, planned, death):
        request, original = planned
        self.history.append((death, request))
        told = None
        # Connected before the point is set: what an earlier run left to be sent may pass the point before this request is even made.
        pos = self.store.pos()
        if isinstance(death, str):
            self.store.kill_at(death)
        started = time.monotonic()
        try:
            pos.send(**request)
            while told is None and self.running():
                if isinstance(death, float) and time.monotonic() > started + death:
                    self.store.kill()
                    break
                try:
                    message = pos.receive(timeout=0.02)
                except TimeoutError:
                    continue
                if message["operation"] == "Transaction":
                    told = message
        except Exception as error:  # the connection is gone with the process
            if self.running() and "received 1" not in str(error) and "no close frame" not in str(error):
                raise
        if told is not None and told["result"] in ("200", "4", "3", "201"):
            if death is not None:
                self.store.kill()
                self.store.start()
            return self.settle_down()  # not a transaction at all: nothing was accepted
        if death is not None:
            # A reversal's or settlement's point may come after the answer; what is never reached is killed anyhow.
            end = time.monotonic() + 3
            while isinstance(death, str) and self.running() and time.monotonic() < end:
                time.sleep(0.01)
            if self.running():
                self.store.kill()
            self.store.start()
        pos.cut()
        pos = self.store.pos()
        last = self.until(lambda: (answer := pos.ask(operation="LastTransaction"))["result"] != "5" and answer, "an answer")
        pos.close()
        if last["result"] == "97" or last.get("uniqueTransactionId") != request["uniqueTransactionId"]:
            if told is not None:
                raise Difference(f"told {told}, but LastTransaction is {last}")
        else:
            if told is not None and any(told.get(name) != last.get(name) for name in ("result", "approval", "authCode")):
                raise Difference(f"told {told}, LastTransaction says {last}")
            self.books.learn(last, original)
        self.settle_down()

    def settle_down(self):
        def idle():
            pos = self.store.pos()
            try:
                information = pos.ask(operation="GetInformation")["information"]
                return information["pendingReversals"] == "0" and information["offlineCount"] == "0" and information["state"] == "idle"
            finally:
                pos.close()

        self.until(idle, "nothing to be left to do")
        ledger = self.store.ledger()
        host = sum(ledger["net"].values())
        if host != self.books.net:
            raise Difference(f"the host has {host}, the terminal {self.books.net}: {self.books.worth}\n{json.dumps(ledger['transactions'][-6:])}")
        forbidden = [message["mti"] for message in ledger["messages"] if message["mti"] in ("1101", "1201")]
        if forbidden:
            raise Difference(f"the host was sent {forbidden}")

    def close(self):
        self.store.close()


def torture(runs, stores, seed, say=print):
    """Runs until done or the first difference, which it returns as text."""
    deal = itertools.cycle(POINTS + [None] * 6)
    plan = [(number, next(deal)) for number in range(runs)]
    lock, failures, done = threading.Lock(), [], []

    def work(first):
        while not failures:
            with lock:
                batch, plan[:RUNS_PER_STORE] = plan[:RUNS_PER_STORE], []
            if not batch:
                return
            with tempfile.TemporaryDirectory() as folder:
                torturer = Torturer(pathlib.Path(folder), random.Random(f"{seed}-{batch[0][0]}"))
                try:
                    for number, point in batch:
                        torturer.run(point)
                        done.append(number)
                        if len(done) % 50 == 0:
                            say(f"{len(done)} of {runs}", flush=True)
                        if failures:
                            break
                except BaseException as error:
                    log = torturer.store.get("/lab/log")[-4000:]
                    failures.append(f"seed {seed}, run {number}, {point}: {type(error).__name__}: {error}\nhistory: {torturer.history[-4:]}\nlog: {log}")
                finally:
                    torturer.close()

    workers = [threading.Thread(target=work, args=(index,)) for index in range(stores)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return failures[0] if failures else None, len(done)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--stores", type=int, default=max(2, (os.cpu_count() or 2)))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    begin = time.monotonic()
    failure, count = torture(options.runs, options.stores, options.seed)
    print(f"{count} kills, seed {options.seed}, {time.monotonic() - begin:.0f} s")
    if failure:
        print("FAILED", failure)
        sys.exit(1)
