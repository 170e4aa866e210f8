"""lightmatchingengine on the mixed flow; prints messages per second."""

import json
import sys
import time

sys.path.insert(0, sys.argv[1])
from flow import mixed_flow
from lightmatchingengine.lightmatchingengine import LightMatchingEngine

flow = mixed_flow(int(sys.argv[2]))
engine = LightMatchingEngine()
ids = {}
start = time.perf_counter()
for op, number, side, price, size in flow:
    if op == 0:
        ids[number] = engine.add_order("X", price, size, 1 if side > 0 else 2)[0].order_id
    elif op == 1:
        try:
            engine.cancel_order(ids[number], "X")
        except AssertionError:
            continue  # it forgets to drop filled orders from its map, and trips over them here
    else:
        engine.add_order("X", 10**9 if side > 0 else 1, size, 1 if side > 0 else 2)
print(json.dumps({"per_second": len(flow) / (time.perf_counter() - start)}))
