"""cbadvanced, both of its clients; every answer is validated by its models."""

from __future__ import annotations

import asyncio

from cbadvanced import AsyncClient, Client
from cbadvanced.client import BaseClient
from steps import KEY, PRODUCT, REST, SECRET, must

BaseClient.BASE_URL = REST

with Client(key=KEY, secret=SECRET) as client:
    must("products", PRODUCT in [p.product_id for p in client.get_products()])
    must("product", client.get_product(PRODUCT).price)
    must("candles", client.get_candles(PRODUCT))
    must("trades", client.get_market_trades(PRODUCT, limit=5).best_bid)
    accounts = client.get_accounts()
    must("accounts", {"USD", "BTC"} <= {a.currency for a in accounts}, len(accounts))
    must("account", client.get_account(accounts[0].uuid).currency == accounts[0].currency)
    placed = client.create_order(PRODUCT, "BUY", size="0.01", price="1000")
    must("limit order", placed.success, placed)
    number = (placed.success_response or {})["order_id"]
    must("order", client.get_order(number).status)
    must("open orders", number in [o.order_id for o in client.get_orders(order_status=["OPEN"])])
    must("cancel", client.cancel_orders(number).results[0].success)
    bought = client.create_order(PRODUCT, "BUY", order_type="market", size="100")
    must("market order", bought.success, bought)
    must("fills", client.get_fills(product_id=PRODUCT))


async def main() -> None:
    async with AsyncClient(key=KEY, secret=SECRET) as other:
        found = await asyncio.gather(*(other.get_product(PRODUCT) for _ in range(10)))
        must("ten at once", {p.product_id for p in found} == {PRODUCT})
        must("accounts", await other.get_accounts())


asyncio.run(main())
