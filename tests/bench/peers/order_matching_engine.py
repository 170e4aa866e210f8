"""order-matching on the mixed flow; prints messages per second."""

import json
import sys
import time
from datetime import datetime, timedelta

sys.path.insert(0, sys.argv[1])
from flow import mixed_flow
from loguru import logger
from order_matching.enums import Side
from order_matching.matching_engine import MatchingEngine
from order_matching.order import LimitOrder, MarketOrder
from order_matching.orders import Orders

logger.remove()
flow = mixed_flow(int(sys.argv[2]))
engine = MatchingEngine(seed=1)
now = datetime(2026, 1, 1)  # noqa: DTZ001
sides = {1: Side.BUY, -1: Side.SELL}
start = time.perf_counter()
for op, number, side, price, size in flow:
    now += timedelta(milliseconds=1)
    kind = {"side": sides[side], "size": float(size), "timestamp": now, "order_id": str(number), "trader_id": "t"}
    if op == 1:
        try:
            engine.cancel_order(str(number))
        except ValueError:
            continue  # already filled
    else:
        order = LimitOrder(price=float(price), **kind) if op == 0 else MarketOrder(**kind)
        engine.place(Orders([order]))
        engine.match(timestamp=now)
print(json.dumps({"per_second": len(flow) / (time.perf_counter() - start)}))
