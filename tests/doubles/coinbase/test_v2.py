"""The older interface, which other clients read: currencies, rates, prices, wallets, and money that came and went."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from coinbase_clients import API, Plain

D = Decimal


def public(plain: Plain, path: str, **query: Any) -> Any:
    answer = plain.ask("GET", path, token="", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def error(plain: Plain, method: str, path: str, **query: Any) -> tuple[int, str]:
    answer = plain.ask(method, path, **query)
    return answer.status_code, answer.json()["errors"][0]["id"]


def test_time_and_currencies_are_public(plain: Plain) -> None:
    assert abs(public(plain, "/v2/time")["epoch"] - time.time()) < 60
    assert [c["id"] for c in public(plain, "/v2/currencies")] == ["USD"]
    assert public(plain, "/v2/currencies/fiat") == public(plain, "/v2/currencies")
    crypto = public(plain, "/v2/currencies/crypto")
    assert {c["code"] for c in crypto} == {"BTC", "ETH", "SOL", "USDC"}
    assert len({c["asset_id"] for c in crypto}) == 4


def test_rates_are_what_a_currency_buys(plain: Plain) -> None:
    price = D(plain.get(f"{API}/products/BTC-USD")["price"])
    dollar = public(plain, "/v2/exchange-rates")
    assert dollar["currency"] == "USD"
    assert abs(D(dollar["rates"]["BTC"]) * price - 1) < D("1e-6")
    assert D(public(plain, "/v2/exchange-rates", currency="BTC")["rates"]["USD"]) == price
    answer = plain.ask("GET", "/v2/exchange-rates", token="", currency="DOGE")
    assert (answer.status_code, answer.json()["errors"][0]) == (
        400,
        {"id": "invalid_request", "message": "Invalid currency"},
    )


def test_prices_are_to_buy_at_and_to_sell_at(plain: Plain) -> None:
    spot, buy, sell = (D(public(plain, f"/v2/prices/BTC-USD/{kind}")["amount"]) for kind in ("spot", "buy", "sell"))
    assert sell < buy
    assert spot == D(plain.get(f"{API}/products/BTC-USD")["price"])
    assert D(public(plain, "/v2/prices/USDC-USD/spot")["amount"]) == 1
    assert error(plain, "GET", "/v2/prices/DOGE-USD/spot") == (404, "not_found")


def test_wallets_come_in_pages_by_the_venues_links(plain: Plain) -> None:
    whole = plain.get("/v2/accounts")["data"]
    found, path, query = [], "/v2/accounts", {"limit": "2"}
    while True:
        page = plain.get(path, **query)
        found += page["data"]
        following = page["pagination"]["next_uri"]
        if following is None:
            break
        query = dict(pair.split("=") for pair in following.partition("?")[2].split("&"))
    assert found == whole
    dollars = next(w for w in whole if w["currency"]["code"] == "USD")
    assert plain.get(f"/v2/accounts/{dollars['id']}")["data"] == plain.get("/v2/accounts/USD")["data"] == dollars
    assert (dollars["type"], D(dollars["balance"]["amount"]) > 0) == ("fiat", True)
    assert error(plain, "GET", "/v2/accounts/DOGE") == (404, "not_found")


def test_what_came_is_listed_as_transaction_and_as_deposit(plain: Plain) -> None:
    [transaction] = plain.get("/v2/accounts/USD/transactions")["data"]
    assert (transaction["type"], transaction["status"]) == ("fiat_deposit", "completed")
    assert D(transaction["amount"]["amount"]) == 1_000_000
    assert plain.get(f"/v2/accounts/USD/transactions/{transaction['id']}")["data"] == transaction
    [deposit] = plain.get("/v2/accounts/USD/deposits")["data"]
    assert (deposit["resource"], deposit["amount"]) == ("deposit", transaction["amount"])
    assert plain.get(f"/v2/accounts/USD/deposits/{deposit['id']}")["data"] == deposit
    assert error(plain, "GET", "/v2/accounts/USD/deposits/none") == (404, "not_found")
    for kind in ("withdrawals", "buys", "sells"):
        assert plain.get(f"/v2/accounts/USD/{kind}")["data"] == []
    assert plain.get("/v2/accounts/BTC/transactions")["data"][0]["type"] == "send"


def test_addresses_are_made_and_say_that_they_are_the_doubles(plain: Plain) -> None:
    made = [plain.ask("POST", "/v2/accounts/BTC/addresses").json()["data"] for _ in range(2)]
    assert made[0]["address"] != made[1]["address"]
    assert all(m["address"].startswith("double-btc-") for m in made)
    assert plain.get("/v2/accounts/BTC/addresses")["data"] == [made[1], made[0]]
    assert plain.get("/v2/accounts/ETH/addresses")["data"] == []


@pytest.mark.parametrize("kind", ["transactions", "deposits", "withdrawals"])
def test_no_money_is_moved_and_the_attempt_is_told(plain: Plain, kind: str) -> None:
    plain.double.forget()
    assert error(plain, "POST", f"/v2/accounts/BTC/{kind}", body={"amount": "1"}) == (403, "invalid_scope")
    [asked] = plain.double.mutating
    assert (asked.path, asked.status) == (f"/v2/accounts/BTC/{kind}", 403)


def test_the_user_is_told_and_private_data_wants_a_key(plain: Plain) -> None:
    assert plain.get("/v2/user")["data"]["native_currency"] == "USD"
    for path in ("/v2/user", "/v2/accounts", "/v2/accounts/BTC/transactions"):
        assert plain.ask("GET", path, token="").status_code == 401
    assert error(plain, "GET", "/v2/nothing") == (404, "not_found")
