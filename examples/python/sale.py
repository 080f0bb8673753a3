#!/usr/bin/env python3
"""A point of sale in one page: connect, ask how the terminal is, sell, and learn the outcome even if the connection breaks.

    pip install websockets
    python3 examples/python/sale.py [ws://127.0.0.1:8442/] [amount in minor units]

Works against `make run` as it is. Ends with 0 when the sale was approved, 1 when not.
"""
import asyncio
import json
import sys
import uuid

import websockets

URL = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8442/"
AMOUNT = sys.argv[2] if len(sys.argv) > 2 else "1250"


async def ask(socket, **message):
    """Sends one request and returns its final answer; Status messages on the way are printed."""
    await socket.send(json.dumps(message))
    async for text in socket:
        answer = json.loads(text)
        if answer["operation"] == "Status":
            print(f"   {answer['context']}: {answer['message']}")
        elif answer["operation"] == message["operation"]:
            return answer
    raise ConnectionError("the terminal closed the connection")


async def outcome_after_a_cut(unique_id):
    """The connection broke: the terminal finishes or reverses by itself. Ask what became of it; 5 means that it still runs."""
    for _ in range(30):
        try:
            async with websockets.connect(URL) as socket:
                answer = await ask(socket, operation="LastTransaction")
                if answer["result"] == "5":
                    continue  # held up to 8 s by the terminal, so this is no busy loop
                return answer if answer.get("uniqueTransactionId") == unique_id else None
        except OSError:
            await asyncio.sleep(1)
    return None


async def main():
    unique_id = uuid.uuid4().hex[:30]
    sale = {
        "operation": "Transaction", "type": "SALE", "requestedAmount": AMOUNT,
        "uniqueTransactionId": unique_id, "requestId": str(uuid.uuid4()),
    }
    asked = False
    try:
        async with websockets.connect(URL) as socket:
            information = (await ask(socket, operation="GetInformation"))["information"]
            print(f"Terminal {information['terminalID']} is {information['state']}, its host {information['hostState']}.")
            asked = True
            answer = await ask(socket, **sale)
    except (OSError, websockets.ConnectionClosed) as error:
        if not asked:
            sys.exit(f"The terminal cannot be reached at {URL}: {error}")
        answer = await outcome_after_a_cut(unique_id)

    # An approved sale is result 0 and approval "approved"; nothing else is.
    if answer and answer["result"] == "0" and answer.get("approval") == "approved":
        print(f"Approved: {answer['totalAmount']} on {answer['cardBrand']} {answer['account']}, code {answer['authCode']}")
        print(answer.get("customerReceipt", ""))
        return 0
    print("Not approved:", json.dumps(answer))
    return 1


sys.exit(asyncio.run(main()))
