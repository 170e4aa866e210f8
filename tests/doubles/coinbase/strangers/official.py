"""coinbase-advanced-py as shipped, by REST and both of its streams."""

from __future__ import annotations

import json
from typing import Any

from coinbase.rest import RESTClient
from coinbase.websocket import WSClient, WSUserClient
from steps import KEY, PRODUCT, REST, SECRET, WS, must, until

# REST trusts what REQUESTS_CA_BUNDLE says; the streams of this client verify nothing.
client = RESTClient(api_key=KEY, api_secret=SECRET, base_url=REST.removeprefix("https://"), timeout=10)

names = [p.product_id for p in client.get_products().products]
must("products", PRODUCT in names, names)
book = client.get_product_book(PRODUCT, limit=5).pricebook
must("book", float(book.bids[0].price) < float(book.asks[0].price), book.bids[0].price)
must("ticker", client.get_market_trades(PRODUCT, limit=5).best_bid)
now = int(client.get_unix_time().epoch_seconds)
candles = client.get_candles(PRODUCT, str(now - 6000), str(now), "FIVE_MINUTE").candles
must("candles", len(candles) >= 19, len(candles))
accounts = client.get_accounts().accounts
must("accounts", any(a.currency == "USD" for a in accounts), [a.currency for a in accounts])

told: list[dict[str, Any]] = []


def take(message: str) -> None:
    frame = json.loads(message)
    told.extend({**event, "channel": frame["channel"]} for event in frame.get("events", ()))


public = WSClient(api_key=KEY, api_secret=SECRET, base_url=WS, on_message=take, timeout=10)
own = WSUserClient(api_key=KEY, api_secret=SECRET, base_url=WS, on_message=take, timeout=10)
public.open()
own.open()
public.subscribe([PRODUCT], ["ticker", "level2", "market_trades", "candles", "heartbeats", "status", "ticker_batch"])
own.subscribe([PRODUCT], ["user", "heartbeats"])
channels = {"ticker", "l2_data", "market_trades", "candles", "heartbeats", "status", "ticker_batch", "user"}
until("streams", lambda: channels <= {event["channel"] for event in told})

placed = client.limit_order_gtc_buy("official-1", PRODUCT, "0.01", "1000", post_only=True)
must("limit order", placed.success, placed.to_dict())
number = placed.success_response["order_id"]
listed = [o.order_id for o in client.list_orders(order_status=["OPEN"]).orders]
must("open orders", number in listed, listed)
must("edit", client.edit_order(number, size="0.02", price="1100").success)
must("cancel", client.cancel_orders([number]).results[0].success)
bought = client.market_order_buy("official-2", PRODUCT, quote_size="100")
must("market order", bought.success, bought.to_dict())
fills = client.get_fills(order_ids=[bought.success_response["order_id"]]).fills
must("fills", sum(float(f.size) * float(f.price) for f in fills) > 90, len(fills))


def states(wanted: str) -> list[str]:
    orders = [o for event in told if event["channel"] == "user" for o in event.get("orders", ())]
    return [o["status"] for o in orders if o["order_id"] == wanted]


until("own stream", lambda: "CANCELLED" in states(number) and "FILLED" in states(bought.success_response["order_id"]))
public.close()
own.close()
