"""coinbaseadvanced, which numbers its tokens by the second."""

from __future__ import annotations

import datetime as dt

from coinbaseadvanced.client import AuthSchema, CoinbaseAdvancedTradeAPIClient, Granularity, Side
from steps import KEY, PRODUCT, REST, SECRET, must

client = CoinbaseAdvancedTradeAPIClient(KEY, SECRET, base_url=REST, auth_schema=AuthSchema.CLOUD_API_TRADING_KEYS)

must("products", PRODUCT in [p.product_id for p in client.list_products().products])
must("product", client.get_product(PRODUCT).price)
must("book", client.get_product_book(PRODUCT).pricebook.bids)
must("best prices", client.get_best_bid_ask([PRODUCT]).pricebooks[0].bids)
end = dt.datetime.now(dt.UTC)
candles = client.get_product_candles(PRODUCT, end - dt.timedelta(hours=2), end, Granularity.FIVE_MINUTE).candles
must("candles", len(candles) >= 23, len(candles))
must("trades", client.get_market_trades(PRODUCT, 5).best_ask)
must("accounts", {"USD", "BTC"} <= {a.currency for a in client.list_accounts_all().accounts})
must("fees", client.get_transactions_summary().fee_tier)
must("time", client.get_unix_time())
placed = client.create_limit_order("kmiq-1", PRODUCT, Side.BUY, 1000, 0.01, post_only=True)
must("limit order", placed.order_id, placed)
must("order", client.get_order(placed.order_id).status == "OPEN")
must("edit", client.edit_order(placed.order_id, 1100, 0.02).success)
must("open orders", [o.order_id for o in client.list_orders(order_status=["OPEN"]).orders] == [placed.order_id])
must("cancel", client.cancel_orders([placed.order_id]).results[0]["success"])
sold = client.create_sell_market_order("kmiq-2", PRODUCT, 0.01)
must("market order", client.get_order(sold.order_id).status == "FILLED")
client.create_buy_market_order("kmiq-3", PRODUCT, 100)
must("fills", client.list_fills(order_id=sold.order_id).fills)
must("all orders", len(client.list_orders_all().orders) >= 3)
[portfolio] = client.list_portfolios().portfolios
must("portfolio", client.get_portfolio_breakdown(portfolio.uuid))
