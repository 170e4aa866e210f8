"""ccxt's own order book, floats, on the given updates."""

from __future__ import annotations

import json
import sys
import time

sys.path.insert(0, sys.argv[1])

from ccxt.async_support.base.ws.order_book import OrderBook
from flow import book_updates

updates = [(side, float(price), float(size)) for side, price, size in book_updates(int(sys.argv[2]))]
book = OrderBook({"bids": [], "asks": []})
sides = {1: book["bids"], -1: book["asks"]}
best = 0.0
for _ in range(5):
    start = time.perf_counter()
    for side, price, size in updates:
        sides[side].store(price, size)
    best = max(best, len(updates) / (time.perf_counter() - start))
print(json.dumps({"per_second": best}))
