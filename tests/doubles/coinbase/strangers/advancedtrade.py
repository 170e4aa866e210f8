"""coinbase-advancedtrade-python, strategies on an older release of the official SDK."""

from __future__ import annotations

from coinbase_advanced_trader.enhanced_rest_client import EnhancedRESTClient
from steps import KEY, PRODUCT, REST, SECRET, must

client = EnhancedRESTClient(KEY, SECRET, base_url=REST.removeprefix("https://"))

must("balances", client.list_held_crypto_balances().get("BTC"))
must("balance", client.get_crypto_balance("BTC"))
before = len(client.list_orders()["orders"])
client.fiat_market_buy(PRODUCT, "100")
client.fiat_market_sell(PRODUCT, "50")
client.fiat_limit_buy(PRODUCT, "50", price_multiplier=0.9)
client.fiat_limit_sell(PRODUCT, "50", price_multiplier=1.1)
orders = client.list_orders()["orders"]
must("orders", len(orders) == before + 4, len(orders))
resting = [o["order_id"] for o in orders if o["status"] == "OPEN"]
must("limit orders rest", len(resting) == 2)
must("cancel", all(r["success"] for r in client.cancel_orders(resting)["results"]))
must("fills", client.get_fills()["fills"])
