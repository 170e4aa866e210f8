"""Orders by the official SDK: every configuration, editing, canceling, lists and fills, and refusals in the venue's words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from coinbase.rest import RESTClient
from coinbase_clients import Official, a_double
from requests.exceptions import HTTPError

from venuekit_doubles.coinbase import CoinbaseDouble, Key

D = Decimal
#: Configuration → how the SDK places it, in which state it then is, its type and time in force.
END = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
CONFIGURATIONS: dict[str, tuple[str, dict[str, str], str, str, str]] = {
    "market_market_ioc": ("market_order_buy", {"quote_size": "100"}, "FILLED", "MARKET", "IMMEDIATE_OR_CANCEL"),
    "sor_limit_ioc": (
        "limit_order_ioc_buy",
        {"base_size": "0.01", "limit_price": "70000"},
        "FILLED",
        "LIMIT",
        "IMMEDIATE_OR_CANCEL",
    ),
    "limit_limit_fok": (
        "limit_order_fok_sell",
        {"base_size": "0.01", "limit_price": "50000"},
        "FILLED",
        "LIMIT",
        "FILL_OR_KILL",
    ),
    "limit_limit_gtc": (
        "limit_order_gtc_buy",
        {"base_size": "0.01", "limit_price": "1000"},
        "OPEN",
        "LIMIT",
        "GOOD_UNTIL_CANCELLED",
    ),
    "limit_limit_gtd": (
        "limit_order_gtd_sell",
        {"base_size": "0.01", "limit_price": "90000", "end_time": END},
        "OPEN",
        "LIMIT",
        "GOOD_UNTIL_DATE_TIME",
    ),
    "stop_limit_stop_limit_gtc": (
        "stop_limit_order_gtc_sell",
        {
            "base_size": "0.01",
            "limit_price": "40000",
            "stop_price": "45000",
            "stop_direction": "STOP_DIRECTION_STOP_DOWN",
        },
        "OPEN",
        "STOP_LIMIT",
        "GOOD_UNTIL_CANCELLED",
    ),
    "stop_limit_stop_limit_gtd": (
        "stop_limit_order_gtd_buy",
        {
            "base_size": "0.01",
            "limit_price": "80000",
            "stop_price": "75000",
            "stop_direction": "STOP_DIRECTION_STOP_UP",
            "end_time": END,
        },
        "OPEN",
        "STOP_LIMIT",
        "GOOD_UNTIL_DATE_TIME",
    ),
    "trigger_bracket_gtc": (
        "trigger_bracket_order_gtc_sell",
        {"base_size": "0.01", "limit_price": "90000", "stop_trigger_price": "45000"},
        "OPEN",
        "BRACKET",
        "GOOD_UNTIL_CANCELLED",
    ),
    "trigger_bracket_gtd": (
        "trigger_bracket_order_gtd_sell",
        {"base_size": "0.01", "limit_price": "90000", "stop_trigger_price": "45000", "end_time": END},
        "OPEN",
        "BRACKET",
        "GOOD_UNTIL_DATE_TIME",
    ),
}


def resting(client: RESTClient, name: str, price: str = "1000", size: str = "0.01", product: str = "BTC-USD") -> str:
    placed = client.limit_order_gtc_buy(name, product, size, price, post_only=True)
    assert placed.success, placed.to_dict()
    number: str = placed.success_response["order_id"]
    return number


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_is_placed_and_told_as_it_was_given(client: RESTClient, name: str) -> None:
    method, terms, state, kind, until = CONFIGURATIONS[name]
    placed = getattr(client, method)(f"each-{name}", "BTC-USD", **terms)
    assert placed.success, placed.to_dict()
    order = client.get_order(placed.success_response["order_id"]).order
    assert (order.status, order.order_type, order.time_in_force) == (state, kind, until)
    [(told, given)] = order.order_configuration.to_dict().items()
    assert told == name
    same = {n: v if n in ("end_time", "stop_direction") else D(v) for n, v in terms.items()}
    assert {n: given[n] if isinstance(same[n], str) else D(given[n]) for n in same} == same
    assert order.client_order_id == f"each-{name}"
    client.cancel_orders([order.order_id])


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_is_previewed_and_nothing_placed(client: RESTClient, name: str) -> None:
    method, terms, *_ = CONFIGURATIONS[name]
    before = len(client.list_orders().orders)
    shown = getattr(client, f"preview_{method}")("BTC-USD", **terms)
    assert shown.errs == []
    assert D(shown.order_total) > 0
    assert D(shown.commission_total) > 0
    assert len(client.list_orders().orders) == before


@pytest.mark.parametrize(
    "configuration",
    [
        {"twap_limit_gtd": {"base_size": "1", "limit_price": "1"}},
        {"limit_limit_gtc": {"quote_size": "100", "limit_price": "1000"}},
        {},
    ],
    ids=["twap", "limit by quote size", "none"],
)
def test_what_the_double_has_not_is_said_to_be_unsupported(client: RESTClient, configuration: dict[str, Any]) -> None:
    answer = client.create_order("unsupported", "BTC-USD", "BUY", configuration)
    assert not answer.success
    assert answer.error_response["error"] == "UNSUPPORTED_ORDER_CONFIGURATION"


def test_the_same_client_order_id_returns_the_order_that_there_is(client: RESTClient) -> None:
    number = resting(client, "twice")
    again = client.limit_order_gtc_buy("twice", "BTC-USD", "0.02", "900")
    assert again.success
    assert again.success_response["order_id"] == number
    assert D(again.order_configuration.limit_limit_gtc.limit_price) == 1000
    assert [o.client_order_id for o in client.list_orders(order_ids=[number]).orders] == ["twice"]
    client.cancel_orders([number])
    assert client.limit_order_gtc_buy("twice", "BTC-USD", "0.01", "1000").success_response["order_id"] == number


@pytest.mark.parametrize(
    ("terms", "error", "preview"),
    [
        ({"base_size": "9000", "limit_price": "1000"}, "INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"),
        ({"base_size": "0.00001", "limit_price": "1000"}, "INVALID_SIZE_PRECISION", ""),
        ({"base_size": "0.01", "limit_price": "1000.001"}, "INVALID_PRICE_PRECISION", ""),
        ({"base_size": "0", "limit_price": "1000"}, "INVALID_SIZE_PRECISION", ""),
        ({"base_size": "0.01", "limit_price": "-5"}, "INVALID_LIMIT_PRICE", ""),
        (
            {"base_size": "0.0001", "limit_price": "1000"},
            "UNKNOWN_FAILURE_REASON",
            "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL",
        ),
        ({"base_size": "some", "limit_price": "1000"}, "INVALID_SIZE_PRECISION", ""),
        (
            {"base_size": "0.01", "limit_price": "90000"},
            "INVALID_LIMIT_PRICE_POST_ONLY",
            "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY",
        ),
    ],
)
def test_refusals_are_status_200_in_the_venues_words(
    client: RESTClient, terms: dict[str, str], error: str, preview: str
) -> None:
    answer = client.limit_order_gtc_buy("refused", "BTC-USD", **terms, post_only=True)
    assert not answer.success
    said = answer.error_response
    assert said["error"] == said["new_order_failure_reason"] == error
    assert said["preview_failure_reason"] == (preview or "UNKNOWN_PREVIEW_FAILURE_REASON")
    assert said["message"]


def test_what_would_be_refused_its_preview_says(client: RESTClient) -> None:
    def errors(**terms: str) -> list[str]:
        found: list[str] = client.preview_limit_order_gtc_buy("BTC-USD", **terms).errs
        return found

    assert errors(base_size="9000", limit_price="1000") == ["PREVIEW_INSUFFICIENT_FUND"]
    assert errors(base_size="0.00001", limit_price="1000.001") == [
        "PREVIEW_INVALID_SIZE_PRECISION",
        "PREVIEW_INVALID_PRICE_PRECISION",
        "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL",
    ]
    crossing = client.preview_limit_order_gtc_buy("BTC-USD", "0.01", "90000", post_only=True)
    assert crossing.errs == ["PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"]
    assert client.preview_market_order_buy("BTC-USD", quote_size="0.5").errs == ["PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"]
    assert client.preview_market_order_buy("DOGE-USD", quote_size="10").errs == ["PREVIEW_INVALID_PRODUCT_ID"]


def test_a_preview_is_what_the_order_then_costs(client: RESTClient) -> None:
    shown = client.preview_market_order_buy("BTC-USD", base_size="0.5")
    placed = client.market_order_buy("as-previewed", "BTC-USD", base_size="0.5")
    order = client.get_order(placed.success_response["order_id"]).order
    assert D(shown.est_average_filled_price) == round(D(order.average_filled_price), 8)
    assert abs(D(shown.order_total) - D(order.total_value_after_fees)) <= D("0.01")


@pytest.mark.parametrize(("product", "side"), [("DOGE-USD", "BUY"), ("BTC-USD", "HOLD")])
def test_no_such_product_or_side_is_refused(client: RESTClient, product: str, side: str) -> None:
    answer = client.limit_order_gtc("nowhere", product, side, "1", "1000")
    assert answer.error_response["error"] == ("INVALID_PRODUCT_ID" if side == "BUY" else "INVALID_SIDE")


def test_an_edit_changes_price_and_size_and_is_remembered(client: RESTClient) -> None:
    number = resting(client, "edited")
    assert client.preview_edit_order(number, size="0.02", price="1100").errors == []
    answer = client.edit_order(number, size="0.02", price="1100")
    assert answer.success
    order = client.get_order(number).order
    assert D(order.order_configuration.limit_limit_gtc.limit_price) == 1100
    assert D(order.order_configuration.limit_limit_gtc.base_size) == D("0.02")
    [edit] = order.edit_history
    assert (edit.price, edit.size) == ("1100", "0.02")
    client.cancel_orders([number])


def test_edits_are_refused_in_the_venues_words(client: RESTClient) -> None:
    def reason(number: str, **terms: str) -> str:
        said = client.edit_order(number, **terms)
        assert not said.success
        word: str = said.errors[0].edit_failure_reason
        assert client.preview_edit_order(number, **terms).errors[0].edit_failure_reason == word
        return word

    number = resting(client, "not-edited")
    both = {"size": "0.02", "price": "1100"}
    assert reason("7d0f4f2e-6c1d-4d44-9a51-6b8a4f1f0c5e", **both) == "ORDER_NOT_FOUND"
    assert reason("no id", **both) == "ORDER_NOT_FOUND"
    assert reason(number, price="1100") == "INVALID_EDITED_SIZE"
    assert reason(number, size="0.02") == "INVALID_EDITED_PRICE"
    client.cancel_orders([number])
    assert reason(number, **both) == "ORDER_IS_NOT_OPEN"
    timed = client.limit_order_gtd_buy("timed", "BTC-USD", "0.01", "1000", END).success_response["order_id"]
    assert reason(timed, **both) == "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"
    future = resting(client, "future", "50000.1", product="BTC-PERP")
    assert reason(future, **both) == "CANNOT_EDIT_FUTURES_ORDER"
    client.cancel_orders([timed, future])


def test_an_edit_beyond_the_money_says_why(client: RESTClient) -> None:
    number = resting(client, "too-large")
    said = client.edit_order(number, size="9000", price="1000")
    assert said.errors[0].preview_failure_reason == "PREVIEW_INSUFFICIENT_FUND"
    client.cancel_orders([number])


def test_cancels_tell_of_each_order(client: RESTClient) -> None:
    one, other = resting(client, "one"), resting(client, "other")
    filled = client.market_order_buy("filled", "BTC-USD", base_size="0.01").success_response["order_id"]
    results = client.cancel_orders([one, other, one, filled, "no id"]).results
    assert [(r.success, r.failure_reason) for r in results] == [
        (True, "UNKNOWN_CANCEL_FAILURE_REASON"),
        (True, "UNKNOWN_CANCEL_FAILURE_REASON"),
        (False, "DUPLICATE_CANCEL_REQUEST"),
        (False, "ORDER_IS_FULLY_FILLED"),
        (False, "UNKNOWN_CANCEL_ORDER"),
    ]
    assert [r.order_id for r in results] == [one, other, one, filled, "no id"]
    assert client.get_order(one).order.status == "CANCELLED"
    assert client.cancel_orders([one]).results[0].failure_reason == "UNKNOWN_CANCEL_ORDER"
    for ids in ([], ["x"] * 101):
        with pytest.raises(HTTPError, match="1 to 100"):
            client.cancel_orders(ids)


def test_an_order_that_there_is_not_is_not_found(client: RESTClient) -> None:
    with pytest.raises(HTTPError, match="404"):
        client.get_order("7d0f4f2e-6c1d-4d44-9a51-6b8a4f1f0c5e")


def test_lists_of_orders_filter_and_come_in_pages(official: Official) -> None:
    with a_double() as double:
        client = official(double)
        numbers = [resting(client, f"n{n}", str(1000 + n)) for n in range(5)]
        ether = resting(client, "ether", "100", product="ETH-USD")
        future = resting(client, "future", "50000.1", product="BTC-PERP")
        client.cancel_orders(numbers[:2])
        client.market_order_sell("sold", "BTC-USD", base_size="0.01")

        def listed(**query: Any) -> list[str]:
            return [o.client_order_id for o in client.list_orders(**query).orders]

        assert listed() == ["sold", "future", "ether", "n4", "n3", "n2", "n1", "n0"]
        assert listed(order_status=["OPEN"]) == ["future", "ether", "n4", "n3", "n2"]
        assert listed(order_status=["CANCELLED", "FILLED"]) == ["sold", "n1", "n0"]
        assert listed(product_ids=["ETH-USD"]) == listed(product_id="ETH-USD") == ["ether"]
        assert listed(product_type="FUTURE") == ["future"]
        assert listed(order_side="SELL") == listed(order_types=["MARKET"]) == ["sold"]
        assert listed(time_in_forces=["IMMEDIATE_OR_CANCEL"]) == ["sold"]
        assert listed(order_ids=[ether, future]) == ["future", "ether"]
        assert listed(start_date="2100-01-01T00:00:00Z") == listed(end_date="2000-01-01T00:00:00Z") == []
        assert client.get_order(future).order.product_type == "FUTURE"

        pages, cursor = [], None
        while True:
            answer = client.list_orders(limit=3, cursor=cursor)
            pages.append([o.client_order_id for o in answer.orders])
            if not pages[1:]:
                resting(client, "meanwhile")
            if not answer.has_next:
                break
            cursor = answer.cursor
        assert pages == [["sold", "future", "ether"], ["n4", "n3", "n2"], ["n1", "n0"]]
        with pytest.raises(HTTPError, match="cannot be queried with other statuses"):
            client.list_orders(order_status=["OPEN", "FILLED"])
        with pytest.raises(HTTPError, match="cursor"):
            client.list_orders(cursor="nonsense")


def test_fills_are_exact_and_come_in_pages(official: Official) -> None:
    with a_double() as double:
        client = official(double)
        number = client.market_order_buy("large", "BTC-USD", base_size="3").success_response["order_id"]
        client.market_order_buy("ether", "ETH-USD", base_size="1")
        order = client.get_order(number).order
        fills = client.get_fills(order_ids=[number]).fills
        assert len(fills) == int(order.number_of_fills) > 2
        assert sum(D(f.size) for f in fills) == 3
        assert sum(D(f.size) * D(f.price) for f in fills) == D(order.filled_value)
        assert sum(D(f.commission) for f in fills) == D(order.total_fees)
        assert {f.liquidity_indicator for f in fills} == {"TAKER"}
        assert {f.product_id for f in client.get_fills(product_ids=["ETH-USD"]).fills} == {"ETH-USD"}
        assert [f.trade_id for f in client.get_fills(trade_ids=[fills[1].trade_id]).fills] == [fills[1].trade_id]
        assert client.get_fills(end_sequence_timestamp="2000-01-01T00:00:00Z").fills == []
        seen: list[str] = []
        cursor = None
        while True:
            page = client.get_fills(order_ids=[number], limit=2, cursor=cursor)
            seen += [f.entry_id for f in page.fills]
            if not page.cursor:
                break
            cursor = page.cursor
        assert seen == [f.entry_id for f in fills]


def test_a_key_that_may_only_look_cannot_trade(double: CoinbaseDouble, official: Official) -> None:
    client = official(double, double.add_key(Key("viewer", can_trade=False)))
    assert not client.get_api_key_permissions().can_trade
    assert client.preview_market_order_buy("BTC-USD", quote_size="10").errs == []
    for call in (
        lambda: client.market_order_buy("no", "BTC-USD", quote_size="10"),
        lambda: client.cancel_orders(["x"]),
        lambda: client.edit_order("x", size="1", price="1"),
    ):
        with pytest.raises(HTTPError, match="403"):
            call()


def test_two_accounts_trade_with_each_other_and_see_only_their_own(official: Official) -> None:
    with a_double() as double:
        one, other = official(double), official(double, double.add_key(Key("second", account="second")))
        best = one.get_product_book("BTC-USD", limit=1).pricebook
        between = str((D(best.bids[0].price) + D(best.asks[0].price)) / 2)
        maker = one.limit_order_gtc_sell("maker", "BTC-USD", "0.2", between, post_only=True)
        assert maker.success, maker.to_dict()
        number = maker.success_response["order_id"]
        with pytest.raises(HTTPError, match="404"):
            other.get_order(number)
        assert other.cancel_orders([number]).results[0].failure_reason == "UNKNOWN_CANCEL_ORDER"
        taker = other.limit_order_ioc_buy("maker", "BTC-USD", "0.2", between)
        assert taker.success_response["order_id"] != number
        assert one.get_order(number).order.status == "FILLED"
        [sold], [bought] = one.get_fills().fills, other.get_fills().fills
        assert (sold.liquidity_indicator, bought.liquidity_indicator) == ("MAKER", "TAKER")
        assert (sold.price, sold.size) == (bought.price, bought.size)
        held = [{a.currency: D(a.available_balance["value"]) for a in c.get_accounts().accounts} for c in (one, other)]
        assert (held[0]["BTC"], held[1]["BTC"]) == (D("9.8"), D("10.2"))
        assert one.get_portfolios().portfolios[0].uuid != other.get_portfolios().portfolios[0].uuid
