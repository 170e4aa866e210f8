"""lobby on the mixed flow; prints messages per second."""

import json
import sys
import time

sys.path.insert(0, sys.argv[1])
from flow import mixed_flow
from lobby.orderbook import OrderBook

flow = mixed_flow(int(sys.argv[2]))
book = OrderBook(price_digits=0)
sides = {1: "bid", -1: "ask"}
ids = {}
start = time.perf_counter()
for op, number, side, price, size in flow:
    if op == 0:
        _, resting = book.processOrder(
            {"type": "limit", "side": sides[side], "qty": size, "price": price, "tid": number}, False, False
        )
        if resting:
            ids[number] = (sides[side], resting["idNum"])
    elif op == 1:
        if number in ids:
            book.cancelOrder(*ids.pop(number))
    else:
        book.processOrder({"type": "market", "side": sides[side], "qty": size, "tid": number}, False, False)
print(json.dumps({"per_second": len(flow) / (time.perf_counter() - start)}))
