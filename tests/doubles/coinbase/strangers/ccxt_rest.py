"""ccxt's exchange class for Coinbase, blocking."""

from __future__ import annotations

import ccxt
from steps import KEY, REST, SECRET, must

x = ccxt.coinbase({"apiKey": KEY, "secret": SECRET, "requests_trust_env": True})
x.urls["api"]["rest"] = REST
S = "BTC/USD"

must("markets", S in x.load_markets(), list(x.markets))
must("currencies", {"USD", "BTC"} <= set(x.fetch_currencies()))
must("time", x.fetch_time() > 10**12)
must("book", x.fetch_order_book(S, 5)["bids"][0][0] < x.fetch_order_book(S, 5)["asks"][0][0] * 1.1)
must("ticker", x.fetch_ticker(S)["last"], x.fetch_ticker(S)["last"])
must("ticker, older interface", x.fetch_ticker_v2(S)["last"])
must("tickers", x.fetch_tickers()[S]["last"])
must("best prices", x.fetch_bids_asks()[S]["bid"])
must("candles", len(x.fetch_ohlcv(S, "1m", limit=20)) >= 19)
must("trades", isinstance(x.fetch_trades(S, limit=5), list))
must("accounts", {"USD", "BTC"} <= {a["code"] for a in x.fetch_accounts()})
must("balance", x.fetch_balance()["USD"]["total"] > 0)
must("balance, v3", x.fetch_balance({"v3": True})["USD"]["free"] > 0)
must("fees", x.fetch_trading_fees()[S]["taker"] > 0)
must("deposits", x.fetch_deposits("USD")[0]["status"] == "ok")
must("withdrawals", x.fetch_withdrawals("USD") == [])
must("transactions", x.fetch_transactions("USD"))
must("ledger", x.fetch_ledger("USD"))
must("a new address", x.create_deposit_address("BTC")["address"])

order = x.create_order(S, "limit", "buy", 0.01, 1000, {"postOnly": True})
number = order["id"]
must("limit order", number in [o["id"] for o in x.fetch_open_orders(S)], number)
x.edit_order(number, S, "limit", "buy", 0.02, 1100)
must("edit", (x.fetch_order(number)["price"], x.fetch_order(number)["amount"]) == (1100, 0.02))
x.cancel_order(number)
must("cancel", x.fetch_order(number)["status"] == "canceled")
must("canceled orders", number in [o["id"] for o in x.fetch_canceled_orders(S)])
stop = x.create_order(S, "limit", "sell", 0.01, 40000, {"stopLossPrice": 45000})
bracket = x.create_order(S, "limit", "sell", 0.01, 90000, {"stopLossPrice": 45000, "takeProfitPrice": 90000})
until_ = {"timeInForce": "GTD", "end_time": x.iso8601(x.milliseconds() + 3_600_000)}
timed = x.create_order(S, "limit", "buy", 0.01, 1000, until_)
x.cancel_orders([stop["id"], bracket["id"], timed["id"]], S)
must("stop, bracket and timed orders, canceled together", x.fetch_open_orders(S) == [])
sold = x.create_order(S, "market", "sell", 0.01)
must("market order", x.fetch_order(sold["id"])["filled"] == 0.01)
x.create_market_buy_order_with_cost(S, 100)
x.create_order(S, "limit", "buy", 0.01, x.fetch_ticker(S)["ask"] * 1.01, {"timeInForce": "IOC"})
mine = x.fetch_my_trades(S)
must("fills", sum(t["amount"] for t in mine if t["order"] == sold["id"]) == 0.01, len(mine))
must("closed orders", sold["id"] in [o["id"] for o in x.fetch_closed_orders(S)])

future = next(s for s, m in x.markets.items() if m["contract"] and m["id"] == "BTC-PERP")
x.create_order(future, "market", "buy", 1)
must("positions", [p["symbol"] for p in x.fetch_positions()] == [future])
x.close_position(future, None, {"clientOrderId": "ccxt-close"})
must("closed", x.fetch_positions() == [])
quote = x.fetch_convert_quote("USD", "USDC", 10)
must("conversion", x.create_convert_trade(quote["id"], "USD", "USDC", 10)["info"]["status"] == "TRADE_STATUS_COMPLETED")
must("portfolio", x.fetch_portfolio_details(x.fetch_portfolios()[0]["id"]))

try:
    x.create_order(S, "limit", "buy", 100000, 1000)
except ccxt.InsufficientFunds as error:
    must("too large an order is refused", "INSUFFICIENT_FUND" in str(error))
else:
    must("too large an order is refused", holds=False)
