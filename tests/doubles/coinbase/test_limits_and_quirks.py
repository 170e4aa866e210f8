"""Rate limits with the venue's headers, quirks of its answers, and accounts of one set of books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from coinbase.rest import RESTClient
from coinbase_clients import API, Official, Plain, a_double, order
from requests.exceptions import HTTPError

from venuekit_doubles.clock import WallClock
from venuekit_doubles.coinbase import CoinbaseDouble, Key, Limits, Quirk


class StoppedClock(WallClock):
    """Its monotonic time stands still until it is moved; the other is the machine's, for tokens."""

    def __init__(self) -> None:
        self.at = 0

    def monotonic_ns(self) -> int:
        return self.at


@contextmanager
def limited(**limits: int) -> Iterator[tuple[Plain, StoppedClock]]:
    clock = StoppedClock()
    with a_double(limits=Limits(**limits), clock=clock) as double:
        made = Plain(double)
        yield made, clock
        made.http.close()


def test_one_request_too_many_of_a_key_is_refused_until_a_second_has_passed() -> None:
    with limited(private=3) as (plain, clock):
        answers = [plain.ask("GET", f"{API}/accounts") for _ in range(4)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429]
        told = [(a.headers["x-ratelimit-limit"], a.headers["x-ratelimit-remaining"]) for a in answers]
        assert told == [("3", "2"), ("3", "1"), ("3", "0"), ("3", "0")]
        assert {a.headers["x-ratelimit-reset"] for a in answers} == {"1"}
        assert answers[3].headers["Retry-After"] == "1"
        assert answers[3].json()["errors"][0]["id"] == "rate_limit_exceeded"
        assert plain.ask("GET", f"{API}/time", token="").status_code == 200, "public data has a limit of its own"
        clock.at += 10**9
        assert plain.ask("GET", f"{API}/accounts").status_code == 200


def test_each_key_has_a_limit_of_its_own_and_a_refused_order_is_not_there() -> None:
    with limited(private=1) as (plain, clock):
        other = plain.double.add_key(Key("other"))
        terms: dict[str, Any] = {"secret": other.secret, "headers": {"kid": "other"}, "sub": "other"}
        path = f"{API}/orders"
        assert plain.ask("POST", path, body=order("first")).json()["success"]
        assert plain.ask("POST", path, body=order("second")).status_code == 429
        third = plain.ask("POST", path, body=order("third"), token=plain.token("POST", path, **terms))
        assert third.json()["success"]
        clock.at += 10**9
        listed = plain.get(f"{path}/historical/batch")["orders"]
        assert [o["client_order_id"] for o in listed] == ["third", "first"]


def test_public_requests_are_limited_by_address() -> None:
    with limited(public=2) as (plain, _):
        answers = [plain.ask("GET", f"{API}/market/products", token="").status_code for _ in range(3)]
        assert answers == [200, 200, 429]
        assert [plain.ask("GET", f"{API}/market/products").status_code for _ in range(3)] == [200] * 3


def test_without_limits_there_are_no_headers(plain: Plain) -> None:
    assert not [h for h in plain.ask("GET", f"{API}/accounts").headers if h.lower().startswith("x-ratelimit")]


@contextmanager
def quirky(*quirks: Quirk) -> Iterator[Plain]:
    with a_double(quirks=quirks) as double:
        made = Plain(double)
        yield made
        made.http.close()


def test_empty_lists_may_be_null() -> None:
    with quirky(Quirk.NULL_FOR_EMPTY) as plain:
        assert plain.get(f"{API}/orders/historical/batch")["orders"] is None
        assert plain.get(f"{API}/orders/historical/fills")["fills"] is None
        assert len(plain.get(f"{API}/accounts")["accounts"]) > 0


def test_fills_of_a_quote_size_may_be_told_in_quote_currency(official: Official) -> None:
    with a_double(quirks=[Quirk.SIZE_IN_QUOTE]) as double:
        client = official(double)
        client.market_order_buy("quote", "BTC-USD", quote_size="100")
        client.market_order_buy("base", "BTC-USD", base_size="0.01")
        base, *quote = client.get_fills().fills
        assert not base.size_in_quote
        assert all(f.size_in_quote for f in quote)
        assert 90 < sum(float(f.size) for f in quote) <= 100


def test_a_refused_edit_may_have_one_object() -> None:
    with quirky(Quirk.EDIT_ERRORS_OBJECT) as plain:
        answer = plain.post(f"{API}/orders/edit", {"order_id": "none", "size": "1", "price": "1"})
        assert answer["errors"]["edit_failure_reason"] == "ORDER_NOT_FOUND"


def test_margin_settings_and_sweeps_are_kept_by_account(official: Official) -> None:
    with a_double() as double:
        client, other = official(double), official(double, double.add_key(Key("other", account="other")))
        client.set_intraday_margin_setting("INTRADAY_MARGIN_SETTING_INTRADAY")
        assert client.get_intraday_margin_setting().setting == "INTRADAY_MARGIN_SETTING_INTRADAY"
        assert other.get_intraday_margin_setting().setting == "INTRADAY_MARGIN_SETTING_STANDARD"
        assert client.schedule_futures_sweep("500").success
        [sweep] = client.list_futures_sweeps().sweeps
        assert (sweep.status, sweep.requested_amount["value"]) == ("PENDING", "500")
        assert other.list_futures_sweeps().sweeps == []
        refused(lambda: client.schedule_futures_sweep("1"), "pending sweep")
        assert client.cancel_pending_futures_sweep().success
        refused(client.cancel_pending_futures_sweep, "404")
        refused(lambda: client.set_intraday_margin_setting("NONE"), "must be one of")


def refused(call: Any, why: str) -> None:
    with pytest.raises(HTTPError, match=why):
        call()


def test_what_is_no_json_is_a_bad_request(plain: Plain) -> None:
    for body, why in ((b"{", "no JSON"), (b"[]", "no object")):
        path = f"{API}/orders"
        headers = {"Authorization": f"Bearer {plain.token('POST', path)}"}
        answer = plain.http.post(f"{plain.double.rest_url}{path}", headers=headers, data=body, timeout=60)
        assert (answer.status_code, why in answer.json()["message"]) == (400, True)


def test_a_slash_at_the_end_is_minded_no_more_than_at_the_venue(plain: Plain) -> None:
    assert plain.get(f"{API}/accounts/")["size"] == plain.get(f"{API}/accounts")["size"]


def test_conversions_may_name_currencies(client: RESTClient) -> None:
    quote = client.create_convert_quote("USD", "USDC", "10").trade
    assert client.commit_convert_trade(quote["id"], "USD", "USDC").trade["status"] == "TRADE_STATUS_COMPLETED"
    other = client.create_convert_quote("USD", "USDC", "10").trade
    refused(lambda: client.commit_convert_trade(other["id"], "USDC", "USD"), "not the quote's")


def test_it_may_be_started_without_tls() -> None:
    with a_double(secure=False) as double:
        made = Plain(double)
        assert (double.rest_url, double.ca_file) == (f"http://{double.host}", "")
        assert double.ws_url == f"ws://{double.host}"
        assert made.get(f"{API}/accounts")["size"] > 0
        made.http.close()


def test_a_double_that_was_stopped_says_so() -> None:
    double = CoinbaseDouble()
    with pytest.raises(RuntimeError, match="does not run"):
        double.advance(1)
    with double:
        pass
    with pytest.raises(RuntimeError, match="does not run"):
        double.subscribed("ticker")
    double.stop()
