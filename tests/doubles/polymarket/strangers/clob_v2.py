"""py-clob-client-v2, the venue's blocking client of before."""

from __future__ import annotations

from py_clob_client_v2 import (
    AssetType,
    BalanceAllowanceParams,
    BookParams,
    ClobClient,
    MarketOrderArgs,
    OpenOrderParams,
    OrderArgs,
    OrderMarketCancelParams,
    OrderPayload,
    OrderType,
    PartialCreateOrderOptions,
    PostOrdersV2Args,
    PricesHistoryParams,
    TradeParams,
)
from py_clob_client_v2.utilities import parse_raw_orderbook_summary
from steps import CLOB, PRIVATE_KEY, WALLETS, must, refused

reader = ClobClient(CLOB, 137)
must("ok", reader.get_ok() == "OK")
must("time", reader.get_server_time() > 10**9)
markets = reader.get_markets()["data"]
must("markets", len(markets) > 5, len(markets))
simple = reader.get_simplified_markets()["data"]
must("simplified markets", {m["condition_id"] for m in simple} == {m["condition_id"] for m in markets})
open_markets = {m["market_slug"]: m for m in reader.get_sampling_markets()["data"]}
fed = open_markets["fed-cuts-in-december"]
yes, no = (token["token_id"] for token in fed["tokens"])
book = reader.get_order_book(yes)
must("book", float(book["bids"][-1]["price"]) < float(book["asks"][-1]["price"]))
must("its hash is the venue's", reader.get_order_book_hash(parse_raw_orderbook_summary(book)) == book["hash"])
must("books", len(reader.get_order_books([BookParams(yes), BookParams(no)])) == 2)
must("tick", reader.get_tick_size(yes) == "0.01", reader.get_tick_size(yes))
must("negative risk", reader.get_neg_risk(yes) is False)
must("price", reader.get_price(yes, "BUY")["price"])
must("midpoint", float(reader.get_midpoint(yes)["mid"]) + float(reader.get_midpoint(no)["mid"]) == 1)
must("history", reader.get_prices_history(PricesHistoryParams(market=yes, interval="1d", fidelity=60))["history"])

for kind, (name, wallet) in enumerate(WALLETS.items()):
    trader = ClobClient(CLOB, 137, key=PRIVATE_KEY, signature_type=kind, funder=wallet, use_server_time=True)
    trader.set_api_creds(trader.create_or_derive_api_key())
    must(f"{name}: keys", trader.get_api_keys()["apiKeys"])
    held = trader.get_balance_allowance(BalanceAllowanceParams(asset_type=AssetType.COLLATERAL))
    must(f"{name}: balance", int(held["balance"]) == 100_000 * 10**6, held["balance"])
    ids = []
    for slug, market in open_markets.items():
        token = market["tokens"][0]["token_id"]
        named = {"position_id" if "rain" in slug else "token_id": token}
        placed = trader.create_and_post_order(OrderArgs(**named, price=0.02, size=60, side="BUY"))
        must(f"{name}: a limit order in {slug}", placed["status"] == "live", placed)
        ids.append(placed["orderID"])
    must(f"{name}: open orders", {o["id"] for o in trader.get_open_orders()} == set(ids))
    must(f"{name}: one order", trader.get_order(ids[0])["maker_address"] == wallet)
    must(f"{name}: cancel", trader.cancel_order(OrderPayload(orderID=ids[0]))["canceled"] == ids[:1])
    must(f"{name}: cancel two", set(trader.cancel_orders(ids[1:3])["canceled"]) == set(ids[1:3]))
    must(f"{name}: cancel all", len(trader.cancel_all()["canceled"]) == len(ids) - 3)
    must(f"{name}: none open", trader.get_open_orders(OpenOrderParams(market=fed["condition_id"])) == [])
    bought = trader.create_and_post_market_order(
        MarketOrderArgs(token_id=yes, amount=50, side="BUY"), order_type=OrderType.FOK
    )
    must(f"{name}: a market buy", bought["status"] == "matched", bought)
    must(f"{name}: its transaction", bought["transactionsHashes"], bought)
    [trade] = trader.get_trades(TradeParams(id=bought["tradeIDs"][0]))
    must(f"{name}: its trade", trade["taker_order_id"] == bought["orderID"], trade["status"])
    shares = BalanceAllowanceParams(asset_type=AssetType.CONDITIONAL, token_id=yes)
    must(f"{name}: its shares", int(trader.get_balance_allowance(shares)["balance"]) > 70 * 10**6)
    sold = trader.create_and_post_market_order(
        MarketOrderArgs(token_id=yes, amount=20, side="SELL"), order_type=OrderType.FAK
    )
    must(f"{name}: a market sale", sold["status"] == "matched", sold)
    options = PartialCreateOrderOptions(tick_size="0.01", neg_risk=False)
    signed = [trader.create_order(OrderArgs(token_id=no, price=p, size=10, side="BUY"), options) for p in (0.1, 0.2)]
    batch = trader.post_orders([PostOrdersV2Args(order=order, orderType=OrderType.GTC) for order in signed])
    must(f"{name}: a batch", [leg["status"] for leg in batch] == ["live", "live"], batch)
    again = refused(trader.post_order, signed[0])
    must(f"{name}: the same again", "Duplicated" in again, again)
    left = trader.cancel_market_orders(OrderMarketCancelParams(market=fed["condition_id"]))
    must(f"{name}: cancel by market", len(left["canceled"]) == 2)
