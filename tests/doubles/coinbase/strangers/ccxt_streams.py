"""ccxt's streaming exchange class for Coinbase, on asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt.pro as ccxt
from steps import CA, KEY, REST, SECRET, WS, must

S, T = "BTC/USD", "ETH/USD"


async def main() -> None:
    x = ccxt.coinbase({"apiKey": KEY, "secret": SECRET})
    x.cafile = CA
    x.urls["api"]["rest"], x.urls["api"]["ws"] = REST, WS
    try:
        async with asyncio.timeout(60):
            await stream(x)
    finally:
        await x.close()


async def stream(x: Any) -> None:
    await x.load_markets()
    must("ticker", (await x.watch_ticker(S))["last"])
    must("tickers", await x.watch_tickers([S, T]))
    book = await x.watch_order_book(S)
    must("book", book["bids"][0][0] < book["asks"][0][0], book["bids"][0])
    must("books", (await x.watch_order_book_for_symbols([S, T]))["symbol"] in (S, T))
    must("trades", await x.watch_trades(S))
    must("trades of two", await x.watch_trades_for_symbols([S, T]))
    watching = asyncio.ensure_future(x.watch_orders(S))
    order = await x.create_order(S, "limit", "buy", 0.01, 1000, {"postOnly": True})
    first = await watching
    must("own orders", order["id"] in [o["id"] for o in first] or await seen(x, order["id"], "open"))
    await x.cancel_order(order["id"])
    must("own order canceled", await seen(x, order["id"], "canceled"))
    bought = await x.create_market_buy_order_with_cost(S, 100)
    must("own order filled", await seen(x, bought["id"], "closed"))
    books = await x.watch_order_book(S)
    must("the book is whole", len(books["bids"]) > 3, len(books["bids"]))


async def seen(x: Any, number: str, status: str) -> bool:
    while True:
        known = {o["id"]: o["status"] for o in (x.orders or ())}
        if known.get(number) == status:
            return True
        await x.watch_orders(S)


asyncio.run(main())
