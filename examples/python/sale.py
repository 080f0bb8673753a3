#!/usr/bin/env python3
"""A point of sale in one page: connect, heartbeat, sell, cancel (Ctrl-C), and learn the outcome even if the connection breaks.

    pip install websockets
    python3 examples/python/sale.py [ws://127.0.0.1:8442/] [amount in minor units] [number of sales]

Works against `make run` as it is. Ends with 0 when the last sale was approved, 1 when not.
"""
import asyncio
import json
import signal
import sys
import uuid

import websockets

URL = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8442/"
AMOUNT = sys.argv[2] if len(sys.argv) > 2 else "1250"
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 1
HEARTBEAT = 60  # seconds


class Terminal:
    """One connection for any number of sales; it is opened again when it is gone."""

    def __init__(self):
        self.socket = None
        self.opening = asyncio.Lock()  # heartbeat and sale may both find the connection gone: one of them opens it
        self.waiting = {}  # operation → the future of its final message

    async def connect(self):
        async with self.opening:
            if self.socket is not None:
                return
            try:
                self.socket = await websockets.connect(URL)
            except websockets.InvalidHandshake as error:  # the terminal left between accepting and answering
                raise ConnectionError("the connection broke while it was opened") from error
            self.reader = asyncio.create_task(self.read(self.socket))
            await self.ask("SetParameter", parameters=[{"key": "HWVENDORID", "value": "EXAMPLE"}])
            information = (await self.ask("GetInformation"))["information"]
            print(f"Terminal {information['terminalID']} is {information['state']}, its host {information['hostState']}.", flush=True)

    async def read(self, socket):
        """The only reader: every message goes to whoever waits for its operation. What nobody waits for is no concern of ours."""
        try:
            async for text in socket:
                message = json.loads(text)
                if message["operation"] == "Status":  # for the cashier's eyes; nothing is decided by it
                    print(f"   {message.get('context')}: {message.get('message')}", flush=True)
                elif future := self.waiting.pop(message["operation"], None):
                    future.set_result(message)
        except websockets.ConnectionClosed:
            pass
        if self.socket is socket:
            self.socket = None
        for future in self.waiting.values():
            future.set_exception(ConnectionError("the connection broke"))
        self.waiting.clear()

    async def ask(self, operation, **fields):
        """Sends one request; its final message, however long that takes."""
        if self.socket is None:
            raise ConnectionError("not connected")
        future = self.waiting[operation] = asyncio.get_running_loop().create_future()
        try:
            await self.socket.send(json.dumps({"operation": operation, **fields}))
        except websockets.ConnectionClosed as error:
            self.waiting.pop(operation, None)
            raise ConnectionError("the connection broke") from error
        return await future

    async def heartbeat(self):
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                await self.connect()
                await self.ask("GetInformation")
            except OSError as error:
                print(f"The terminal cannot be reached: {error}", flush=True)

    async def sell(self, amount, unique_id):
        """The outcome of one sale; `None` when it never began."""
        sale = {"type": "SALE", "requestedAmount": amount, "uniqueTransactionId": unique_id}
        await self.connect()
        try:
            while (answer := await self.ask("Transaction", **sale))["result"] == "5":  # busy
                await asyncio.sleep(2)
            return answer
        except OSError:
            return await self.outcome_after_a_cut(unique_id)

    async def outcome_after_a_cut(self, unique_id):
        """The terminal finishes or reverses by itself. Ask what became of the sale; 5 means that it still runs."""
        for _ in range(60):
            try:
                await self.connect()
                answer = await self.ask("LastTransaction")
                if answer["result"] != "5":
                    return answer if answer.get("uniqueTransactionId") == unique_id else None
            except OSError:
                pass
            await asyncio.sleep(1)
        return {"result": "203", "errorMessage": "the terminal did not come back: ask it later"}

    async def cancel(self):
        answer = await self.ask("Cancel")
        print({"0": "Cancelled.", "13": "Too late, the host is being asked: wait."}.get(answer["result"], "Nothing to cancel."), flush=True)


async def main():
    terminal = Terminal()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: loop.create_task(terminal.cancel()))
    beat = asyncio.create_task(terminal.heartbeat())
    approved = False
    for _ in range(COUNT):
        unique_id = uuid.uuid4().hex[:30]
        try:
            answer = await terminal.sell(AMOUNT, unique_id)
        except OSError as error:
            sys.exit(f"The terminal cannot be reached at {URL}: {error}")
        # An approved sale is result 0 and approval "approved"; nothing else is.
        approved = answer is not None and answer["result"] == "0" and answer.get("approval") == "approved"
        if approved:
            print(f"Approved: {answer['totalAmount']} on {answer['cardBrand']} {answer['account']}, code {answer['authCode']}")
            print(answer.get("customerReceipt", ""), flush=True)
        elif answer is None:
            print("Not approved: the sale never began.", flush=True)
        else:
            reason = answer.get("hostMessage") or answer.get("errorMessage") or answer.get("errorCondition")
            print(f"Not approved: result {answer['result']}, {reason}", flush=True)
        print(f"Sale {unique_id}: {'approved' if approved else 'not approved'}", flush=True)
    beat.cancel()
    return 0 if approved else 1


sys.exit(asyncio.run(main()))
