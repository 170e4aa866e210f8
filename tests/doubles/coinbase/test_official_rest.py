"""The official SDK as it comes, over TLS and a real socket: everything that it can ask the double."""

from __future__ import annotations

import itertools
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from coinbase.rest import RESTClient
from coinbase_clients import Official, a_double
from requests.exceptions import HTTPError, SSLError

from venuekit_doubles.coinbase import CoinbaseDouble, Key

D = Decimal


@pytest.mark.parametrize("kind", ["ec", "ed", "ed_pem"])
def test_every_kind_of_key_opens_it(double: CoinbaseDouble, kind: str, official: Official) -> None:
    key = double.add_key(Key(f"organizations/double/apiKeys/{kind}", kind=kind, can_transfer=kind == "ed"))
    permissions = official(double, key).get_api_key_permissions()
    assert (permissions.can_view, permissions.can_trade, permissions.can_transfer) == (True, True, kind == "ed")


def test_who_is_not_told_whom_to_trust_is_refused_by_tls(
    double: CoinbaseDouble, official: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = official(double)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(SSLError):
        stranger.get_accounts()


def test_accounts_come_in_pages_and_one_by_its_id(client: RESTClient) -> None:
    whole = client.get_accounts(limit=250)
    assert not whole.has_next
    found: list[Any] = []
    cursor = None
    while True:
        page = client.get_accounts(limit=2, cursor=cursor)
        found += page.accounts
        assert len(page.accounts) <= 2
        if not page.has_next:
            break
        cursor = page.cursor
    assert [a.uuid for a in found] == [a.uuid for a in whole.accounts]
    usd = next(a for a in found if a.currency == "USD")
    assert client.get_account(usd.uuid).account.available_balance == usd.available_balance
    with pytest.raises(HTTPError, match="404"):
        client.get_account("7d0f4f2e-6c1d-4d44-9a51-000000000000")


def test_a_cursor_that_is_none_is_a_bad_request(client: RESTClient) -> None:
    with pytest.raises(HTTPError, match="cursor must be a whole number"):
        client.get_accounts(cursor="so'what")


def test_products_are_listed_filtered_and_found(client: RESTClient) -> None:
    spot = client.get_products(product_type="SPOT").products
    futures = client.get_products(product_type="FUTURE").products
    assert {p.product_id for p in spot} == {"BTC-USD", "ETH-USD", "SOL-USD"}
    assert {p.product_id for p in futures} == {"BTC-PERP", "ETH-PERP"}
    assert len(client.get_products().products) == len(spot) + len(futures)
    assert [p.product_id for p in client.get_products(limit=2, offset=1).products] == ["BTC-USD", "ETH-PERP"]
    some = client.get_products(product_ids=["ETH-USD", "SOL-USD"]).products
    assert [p.product_id for p in some] == ["ETH-USD", "SOL-USD"]
    bitcoin = client.get_product("BTC-USD")
    assert (bitcoin.price_increment, bitcoin.base_increment, bitcoin.status) == ("0.01", "0.0001", "online")
    with pytest.raises(HTTPError, match="404"):
        client.get_product("DOGE-USD")


def test_what_the_exchange_has_besides_spot_and_futures_is_no_product(client: RESTClient) -> None:
    with pytest.raises(HTTPError, match="404"):
        client.get_product("FED-CUT-DEC:YES")


def test_books_agree_with_their_best_prices(client: RESTClient) -> None:
    answer = client.get_product_book("BTC-USD", limit=5)
    book = answer.pricebook
    assert len(book.bids) == len(book.asks) == 5
    assert D(book.bids[0].price) < D(answer.mid_market) < D(book.asks[0].price)
    assert D(answer.spread_absolute) == D(book.asks[0].price) - D(book.bids[0].price)
    [best] = client.get_best_bid_ask(["BTC-USD"]).pricebooks
    assert (best.bids[0].price, best.asks[0].price) == (book.bids[0].price, book.asks[0].price)
    assert len(client.get_best_bid_ask().pricebooks) == 5


def test_the_public_twins_say_the_same_without_a_key(
    double: CoinbaseDouble, client: RESTClient, official: Official
) -> None:
    nobody = official(double, signed=False)
    assert nobody.get_public_product("BTC-USD").to_dict() == client.get_product("BTC-USD").to_dict()
    assert len(nobody.get_public_products().products) == 5
    private, public = client.get_product_book("ETH-USD", limit=3), nobody.get_public_product_book("ETH-USD", limit=3)
    assert public.pricebook.bids[0].to_dict() == private.pricebook.bids[0].to_dict()
    trades = nobody.get_public_market_trades("BTC-USD", limit=3)
    assert trades.to_dict() == client.get_market_trades("BTC-USD", limit=3).to_dict()
    now = int(time.time())
    end = now // 300 * 300 - 600
    hour = ("BTC-USD", str(end - 3300), str(end), "FIVE_MINUTE")
    candles = nobody.get_public_candles(*hour).candles
    assert len(candles) == 12
    assert [c.to_dict() for c in candles] == [c.to_dict() for c in client.get_candles(*hour).candles]
    assert abs(int(nobody.get_unix_time().epoch_seconds) - now) < 60


def test_candles_come_newest_first_and_at_most_350(client: RESTClient) -> None:
    end = int(time.time()) // 60 * 60 - 600
    found = client.get_candles("BTC-USD", str(end - 349 * 60), str(end), "ONE_MINUTE").candles
    starts = [int(c.start) for c in found]
    assert starts == sorted(starts, reverse=True)
    assert len(starts) == 350
    with pytest.raises(HTTPError, match="should be less than 350"):
        client.get_candles("BTC-USD", str(end - 350 * 60), str(end), "ONE_MINUTE")
    assert len(client.get_candles("BTC-USD", str(end - 600), str(end), "ONE_MINUTE", limit=2).candles) == 2


@pytest.mark.parametrize(
    ("granularity", "seconds"),
    [
        ("FIFTEEN_MINUTE", 900),
        ("THIRTY_MINUTE", 1800),
        ("ONE_HOUR", 3600),
        ("TWO_HOUR", 7200),
        ("FOUR_HOUR", 14400),
        ("SIX_HOUR", 21600),
        ("ONE_DAY", 86400),
    ],
)
def test_every_granularity_has_its_length(client: RESTClient, granularity: str, seconds: int) -> None:
    now = int(time.time())
    starts = [
        int(c.start) for c in client.get_candles("BTC-USD", str(now - 4 * seconds), str(now), granularity).candles
    ]
    assert len(starts) >= 3
    assert {one - other for one, other in itertools.pairwise(starts)} == {seconds}


def test_candles_of_no_granularity_are_a_bad_request(client: RESTClient) -> None:
    with pytest.raises(HTTPError, match="granularity is not valid"):
        client.get_candles("BTC-USD", "0", "60", "ONE_WEEK")
    with pytest.raises(HTTPError, match="start must be a whole number"):
        client.get_candles("BTC-USD", "soon", "60", "ONE_DAY")


def test_public_trades_come_newest_first(double: CoinbaseDouble, client: RESTClient) -> None:
    double.advance(30).wait()
    answer = client.get_market_trades("BTC-USD", limit=10)
    times = [t.time for t in answer.trades]
    assert len(times) == 10
    assert times == sorted(times, reverse=True)
    assert D(answer.best_bid) < D(answer.best_ask)
    assert client.get_market_trades("BTC-USD", limit=10, end="1").trades == []


def test_fees_and_volume_are_those_of_the_fills(official: Official) -> None:
    with a_double() as double:
        client = official(double)
        before = client.get_transaction_summary()
        assert before.total_volume == 0
        assert (before.fee_tier["maker_fee_rate"], before.fee_tier["taker_fee_rate"]) == ("0.0005", "0.001")
        client.market_order_buy("fees", "BTC-USD", base_size="0.1")
        fills = client.get_fills().fills
        after = client.get_transaction_summary()
        assert D(str(after.total_volume)) == sum(D(f.price) * D(f.size) for f in fills) > 0
        assert D(str(after.total_fees)) == sum(D(f.commission) for f in fills) > 0


def test_the_portfolio_is_broken_down(client: RESTClient) -> None:
    [portfolio] = client.get_portfolios().portfolios
    assert portfolio.uuid == client.get_api_key_permissions().portfolio_uuid
    assert client.get_portfolios(portfolio_type="INTX").portfolios == []
    breakdown = client.get_portfolio_breakdown(portfolio.uuid).breakdown
    assets = {p.asset: p for p in breakdown.spot_positions}
    assert {"USD", "BTC", "ETH"} <= set(assets)
    assert assets["BTC"].total_balance_crypto > 0
    assert D(breakdown.portfolio_balances["total_balance"]["value"]) > 1_000_000
    with pytest.raises(HTTPError, match="404"):
        client.get_portfolio_breakdown("another")


def test_ways_to_pay_are_listed_and_found(client: RESTClient) -> None:
    [bank] = client.list_payment_methods().payment_methods
    assert client.get_payment_method(bank.id).payment_method["currency"] == "USD"
    with pytest.raises(HTTPError, match="404"):
        client.get_payment_method("another")


def test_a_conversion_is_quoted_traded_once_and_moves_the_money(client: RESTClient) -> None:
    wallets = {a.currency: a for a in client.get_accounts().accounts}
    dollars, coins = wallets["USD"].uuid, wallets["USDC"].uuid
    quote = client.create_convert_quote(dollars, coins, "250.50").trade
    assert quote["total"] == {"value": "250.50000000", "currency": "USDC"}
    before = {c: D(w.available_balance["value"]) for c, w in wallets.items()}
    assert client.get_convert_trade(quote["id"], dollars, coins).trade["status"] == "TRADE_STATUS_CREATED"
    assert client.commit_convert_trade(quote["id"], dollars, coins).trade["status"] == "TRADE_STATUS_COMPLETED"
    assert client.get_convert_trade(quote["id"], dollars, coins).trade["status"] == "TRADE_STATUS_COMPLETED"
    after = {a.currency: D(a.available_balance["value"]) for a in client.get_accounts().accounts}
    assert after["USD"] == before["USD"] - D("250.50")
    assert after["USDC"] == before["USDC"] + D("250.50")
    with pytest.raises(HTTPError, match="committed before"):
        client.commit_convert_trade(quote["id"], dollars, coins)


def test_a_conversion_is_at_the_last_price(client: RESTClient) -> None:
    wallets = {a.currency: a.uuid for a in client.get_accounts().accounts}
    price = D(client.get_product("BTC-USD").price)
    quote = client.create_convert_quote(wallets["BTC"], wallets["USD"], "0.5").trade
    assert D(quote["total"]["value"]) == price / 2


def test_conversions_of_nothing_or_of_too_much_are_refused(client: RESTClient) -> None:
    wallets = {a.currency: a.uuid for a in client.get_accounts().accounts}
    for source, target, amount in [("USD", "USD", "1"), ("USD", "USDC", "0"), ("USD", "USDC", "-1")]:
        with pytest.raises(HTTPError, match="400"):
            client.create_convert_quote(wallets[source], wallets[target], amount)
    much = client.create_convert_quote(wallets["BTC"], wallets["USD"], "1000").trade["id"]
    with pytest.raises(HTTPError, match="INSUFFICIENT_FUNDS"):
        client.commit_convert_trade(much, wallets["BTC"], wallets["USD"])
    with pytest.raises(HTTPError, match="404"):
        client.commit_convert_trade("another", wallets["BTC"], wallets["USD"])


def test_futures_have_positions_a_balance_and_margins(official: Official) -> None:
    with a_double() as double:
        client = official(double)
        assert client.list_futures_positions().positions == []
        free = D(client.get_futures_balance_summary().balance_summary.futures_buying_power["value"])
        client.market_order_sell("short", "BTC-PERP", base_size="0.5")
        [position] = client.list_futures_positions().positions
        assert (position.product_id, position.side, position.number_of_contracts) == ("BTC-PERP", "SHORT", "0.500")
        assert client.get_futures_position("BTC-PERP").position["side"] == "SHORT"
        summary = client.get_futures_balance_summary().balance_summary
        assert D(summary.futures_buying_power["value"]) < free
        assert D(summary.initial_margin["value"]) > 0
        closed = client.close_position("close", "BTC-PERP")
        assert closed.success
        assert client.list_futures_positions().positions == []
        with pytest.raises(HTTPError, match="no position to close"):
            client.close_position("again", "BTC-PERP")
        with pytest.raises(HTTPError, match="404"):
            client.get_futures_position("BTC-PERP")
        assert client.list_futures_sweeps().sweeps == []
        assert client.get_intraday_margin_setting().setting == "INTRADAY_MARGIN_SETTING_STANDARD"
        window = client.get_current_margin_window("MARGIN_PROFILE_TYPE_RETAIL_REGULAR")
        assert window.margin_window["margin_window_type"] == "FCM_MARGIN_WINDOW_TYPE_OVERNIGHT"


def test_clients_in_many_threads_each_have_their_answer(double: CoinbaseDouble, official: Official) -> None:
    bodies: list[Any] = []

    def trade(number: int) -> None:
        mine = official(double)
        placed = mine.limit_order_gtc_buy(f"thread-{number}", "BTC-USD", "0.001", str(2000 + number))
        bodies.append(mine.get_order(placed.success_response["order_id"]).order)

    threads = [threading.Thread(target=trade, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(o.client_order_id for o in bodies) == [f"thread-{n}" for n in range(8)]
    assert len({o.order_id for o in bodies}) == 8
