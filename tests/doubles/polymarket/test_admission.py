from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from raw import Draft, Wire

from venuekit.adapter import Side
from venuekit_doubles.polymarket import Account, Pace, PolymarketDouble, Refusal, WalletKind

pytestmark = pytest.mark.anyio
M = 1_000_000
NEG_RISK = "will-alpha-be-nominated-in-2028"
POSITIONS = "rain-in-london-tomorrow"
OTHER = Account.named("counterparty")

#: What is wrong with an order → how to make it so, and what the venue says of it.
FORGERIES: dict[str, tuple[dict[str, Any], str]] = {
    "signed by another key": ({"signed_by": OTHER}, "invalid signature"),
    "another price than was signed": ({"forged": {"makerAmount": "4000000"}}, "invalid signature"),
    "another size than was signed": ({"forged": {"takerAmount": "12500000"}}, "invalid signature"),
    "another side than was signed": (
        {"maker_amount": 10 * M, "taker_amount": 5 * M, "forged": {"side": "SELL"}},
        "invalid signature",
    ),
    "another salt than was signed": ({"forged": {"salt": 2}}, "invalid signature"),
    "another time than was signed": ({"forged": {"timestamp": "1790000000001"}}, "invalid signature"),
    "another builder than was signed": ({"forged": {"builder": "0x" + "1" * 64}}, "invalid signature"),
    "other metadata than was signed": ({"forged": {"metadata": "0x" + "1" * 64}}, "invalid signature"),
    "no signature": ({"forged": {"signature": "0x"}}, "invalid signature"),
    "another kind of wallet than was signed": ({"forged": {"signatureType": 1}}, "invalid POLY_PROXY signature"),
    "a maker that the key does not own": ({"forged": {"maker": OTHER.address}}, "invalid signature"),
    "another key's signer": (
        {"forged": {"signer": OTHER.address}},
        "the order signer address has to be the address of the API KEY",
    ),
    "another key's owner": (
        {"around": {"owner": OTHER.credentials.key}},
        "the order owner has to be the owner of the API KEY",
    ),
    "the domain of the first exchange": ({"version": "1"}, "order_version_mismatch"),
    "the domain of the exchange for position ids": ({"version": "3"}, "order_version_mismatch"),
    "the contract of negative risk": (
        {"exchange": "0xe2222d279d744050d28e00520010520000310F59"},
        "invalid signature",
    ),
    "no token": ({"forged": {"tokenId": "12x"}}, "Invalid token id"),
    "no such type": ({"around": {"orderType": "IOC"}}, "Invalid order payload"),
    "no order": ({"around": {"order": "hello"}}, "Invalid order payload"),
    "an amount that is none": ({"forged": {"makerAmount": "-5"}}, "Invalid order payload"),
    "nothing given": ({"forged": {"makerAmount": "0"}}, "Invalid order payload"),
    "off the tick": (
        {"maker_amount": 5_050_000},
        "is invalid. Price (0.505) breaks minimum tick size rule: 0.01",
    ),
    "a price of a dollar": ({"maker_amount": 10 * M}, "is invalid. Price (1) breaks minimum tick size rule: 0.01"),
    "too small": (
        {"maker_amount": 2 * M, "taker_amount": 4 * M},
        "is invalid. Size (4) lower than the minimum: 5",
    ),
    "too many decimals of shares": (
        {"maker_amount": 5_002_500, "taker_amount": 10_005_000},
        (
            "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, "
            "taker amount a max of 2 decimals"
        ),
    ),
    "too many decimals of money at the market": (
        {"type": "FOK", "maker_amount": 6_300_500, "taker_amount": 10_000_700},
        (
            "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, "
            "taker amount a max of 4 decimals"
        ),
    ),
    "too many decimals of shares at the market": (
        {"type": "FAK", "side": "SELL", "maker_amount": 10_005_000, "taker_amount": 5_002_500},
        (
            "invalid amounts, the market sell orders maker amount supports a max accuracy of 2 decimals, "
            "taker amount a max of 4 decimals"
        ),
    ),
    "an expiration without a type that has one": ({"expiration": int(time.time()) + 600}, "invalid expiration"),
    "an expiration within the security threshold": (
        {"type": "GTD", "expiration": int(time.time()) + 30},
        "invalid expiration",
    ),
    "a type that expires without an expiration": ({"type": "GTD"}, "invalid expiration"),
    "post-only at the market": ({"type": "FOK", "post_only": True}, "Invalid order payload"),
    "post-only that would trade": (
        {"post_only": True, "maker_amount": 7 * M},
        "invalid post-only order: order crosses book",
    ),
    "less than a dollar at once": (
        {"type": "FAK", "maker_amount": 630_000, "taker_amount": 1 * M},
        "invalid amount for a marketable BUY order ($0.63), min size: $1",
    ),
    "more than there is": (
        {"maker_amount": 500_000 * M, "taker_amount": 1_000_000 * M},
        "not enough balance / allowance: the balance is not enough -> balance: 100000000000, order amount: 500000000000",
    ),
    "shares that it has not": (
        {"side": "SELL", "maker_amount": 10 * M, "taker_amount": 7 * M},
        "not enough balance / allowance: the balance is not enough -> balance: 0, order amount: 10000000",
    ),
}


@pytest.fixture(scope="module")
def untouched() -> Iterator[PolymarketDouble]:
    """For tests that leave nothing behind."""
    with PolymarketDouble(pace=Pace(settle=None, delay=None, moving=False)) as running:
        yield running


@pytest.mark.parametrize("name", FORGERIES)
async def test_each_forgery_is_refused_in_the_venues_words(untouched: PolymarketDouble, name: str) -> None:
    changes, words = FORGERIES[name]
    async with Wire.to(untouched) as wire:
        answer = await wire.post(wire.draft(**changes))
        assert answer.status == 400
        assert words in answer.error
        assert (await wire.ask("GET", "/data/orders")).body["data"] == []


async def test_the_order_that_the_forgeries_are_of_is_taken(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        assert (await wire.post(wire.draft())).body["status"] == "live"


@pytest.mark.parametrize("kind", [WalletKind.PROXY, WalletKind.SAFE, WalletKind.DEPOSIT])
async def test_every_kind_of_wallet_refuses_anothers_signature_in_its_words(
    double: PolymarketDouble, kind: WalletKind
) -> None:
    account = double.add_account(Account.named("signer", kind))
    words = {
        1: "invalid POLY_PROXY signature",
        2: "invalid POLY_GNOSIS_SAFE signature",
        3: "invalid POLY_1271 signature",
    }
    async with Wire.to(double, account) as wire:
        answer = await wire.post(wire.draft(signed_by=OTHER))
        assert (answer.status, answer.error) == (400, words[kind])


async def test_a_deposit_wallets_signature_must_carry_its_own_domain(double: PolymarketDouble) -> None:
    account = double.add_account(Account.named("signer", WalletKind.DEPOSIT))
    async with Wire.to(double, account) as wire:
        good = wire.draft().body()["order"]["signature"]
        assert len(bytes.fromhex(good[2:])) == 317
        for bad in (good[: 2 + 130], good[:-4] + "00bb", good[:140] + "00" + good[142:]):
            answer = await wire.post(wire.draft(forged={"signature": bad}))
            assert (answer.status, answer.error) == (400, "invalid POLY_1271 signature")


@pytest.mark.parametrize(
    ("slug", "wrong"),
    [
        (NEG_RISK, {"exchange": "0xE111180000d2663C0091e4f400237545B87B996B"}),
        (NEG_RISK, {"exchange": "0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296"}),
        (POSITIONS, {"exchange": "0xe2222d279d744050d28e00520010520000310F59"}),
    ],
)
async def test_an_order_is_signed_for_its_markets_own_contract(
    double: PolymarketDouble, slug: str, wrong: dict[str, str]
) -> None:
    async with Wire.to(double) as wire:
        answer = await wire.post(wire.draft(slug, **wrong))
        assert (answer.status, answer.error) == (400, "invalid signature")
        assert (await wire.post(wire.draft(slug))).status == 200


@pytest.mark.parametrize("exchange", [{}, {"exchange": "0xE111180000d2663C0091e4f400237545B87B996B"}])
async def test_position_ids_want_the_domains_third_version(double: PolymarketDouble, exchange: dict[str, str]) -> None:
    async with Wire.to(double) as wire:
        answer = await wire.post(wire.draft(POSITIONS, version="2", **exchange))
        assert (answer.status, answer.error) == (400, "order_version_mismatch")


async def test_an_unknown_token_has_no_book(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        answer = await wire.post(wire.draft(token="123456789"))
        assert (answer.status, answer.error) == (404, "No orderbook exists for the requested token id")


async def test_the_same_digest_is_refused_after_the_order_ended_too(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        placed = await wire.post(wire.draft())
        await wire.ask("DELETE", "/order", {"orderID": placed.body["orderID"]})
        again = await wire.post(wire.draft())
        assert again.error == f"order {placed.body['orderID']} is invalid. Duplicated."


async def test_an_order_that_was_refused_for_its_funds_may_be_sent_again(double: PolymarketDouble) -> None:
    poor = double.add_account(Account.named("poor"), Decimal(0))
    async with Wire.to(double, poor) as wire:
        assert (await wire.post(wire.draft())).status == 400
        double.give(poor.wallet, "5")
        assert (await wire.post(wire.draft())).status == 200


async def test_open_orders_reserve_what_they_may_take(double: PolymarketDouble) -> None:
    poor = double.add_account(Account.named("poor"), Decimal(9))
    async with Wire.to(double, poor) as wire:
        assert (await wire.post(wire.draft())).status == 200
        refused = await wire.post(wire.draft(salt=2))
        assert refused.error.endswith("balance: 9000000, sum of active orders: 5000000, order amount: 5000000")


async def test_matched_shares_cannot_be_sold_before_they_are_mined(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        bought = await wire.post(wire.draft(type="FOK", maker_amount=63 * M, taker_amount=100 * M))
        assert bought.body["status"] == "matched"
        sale = wire.draft(side="SELL", maker_amount=50 * M, taker_amount=40 * M)
        assert "the balance is not enough" in (await wire.post(sale)).error
        double.settle()
        assert (await wire.post(sale)).status == 200


async def test_without_allowance_the_spender_that_lacks_it_is_named(double: PolymarketDouble) -> None:
    account = double.add_account(Account.named("careful"), approved=False)
    async with Wire.to(double, account) as wire:
        answer = await wire.post(wire.draft())
        assert answer.error == (
            "not enough balance / allowance: the allowance is not enough -> "
            "spender: 0xE111180000d2663C0091e4f400237545B87B996B, allowance: 0, order amount: 5000000"
        )


async def test_whom_the_venue_restricts_it_says_so(double: PolymarketDouble) -> None:
    address = double.account.address
    double.close_only(address)
    double.give(double.account.wallet, "100", double.market("fed-cuts-in-december").tokens[0])
    async with Wire.to(double) as wire:
        assert (await wire.ask("GET", "/auth/ban-status/closed-only")).body == {"closed_only": True}
        assert (await wire.post(wire.draft())).error == f"'{address}' address in closed only mode"
        sale = wire.draft(side="SELL", maker_amount=10 * M, taker_amount=7 * M)
        assert (await wire.post(sale)).status == 200
        double.ban(address)
        assert (await wire.post(wire.draft())).error == f"'{address}' address banned"


@pytest.mark.parametrize(
    ("tick", "price", "taken"),
    [
        ("0.1", "0.5", True), ("0.1", "0.55", False), ("0.005", "0.505", True), ("0.005", "0.501", False),
        ("0.0025", "0.5025", True), ("0.0025", "0.501", False), ("0.001", "0.501", True), ("0.001", "0.5001", False),
        ("0.0001", "0.5001", True), ("0.0001", "0.9999", True), ("0.0001", "1", False),
    ],
)  # fmt: skip
async def test_prices_keep_the_tick_that_the_market_has_now(
    double: PolymarketDouble, tick: str, price: str, taken: bool
) -> None:
    double.set_tick("fed-cuts-in-december", tick)
    async with Wire.to(double) as wire:
        money = int(Decimal(price) * 10 * M)
        answer = await wire.post(wire.draft(maker_amount=money))
        assert (answer.status == 200) is taken
        if not taken:
            assert f"breaks minimum tick size rule: {tick}" in answer.error


async def test_fifteen_orders_are_a_batch_and_sixteen_are_too_many(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        legs = [wire.draft(salt=n + 1).body() for n in range(16)]
        assert (await wire.ask("POST", "/orders", legs)).error == "Too many orders in payload: 16, max allowed: 15"
        answer = await wire.ask("POST", "/orders", legs[:15])
        assert [leg["status"] for leg in answer.body] == ["live"] * 15


def _changed(draft: Callable[..., Draft], **changes: Any) -> dict[str, Any]:
    return draft(**changes).body()


async def test_a_refused_leg_of_a_batch_is_a_success_with_words_and_no_id(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        legs = [_changed(wire.draft), _changed(wire.draft, maker_amount=5_050_000), _changed(wire.draft)]
        good, off_tick, twice = (await wire.ask("POST", "/orders", legs)).body
        assert (good["success"], good["errorMsg"], good["status"]) == (True, "", "live")
        assert (off_tick["success"], off_tick["orderID"]) == (True, "")
        assert "breaks minimum tick size rule" in off_tick["errorMsg"]
        assert "Duplicated." in twice["errorMsg"]


async def test_the_counterparty_of_a_test_is_checked_for_funds_too(double: PolymarketDouble) -> None:
    with pytest.raises(Refusal, match="not enough balance"):
        double.order(double.market("fed-cuts-in-december").tokens[0], Side.SELL, "0.7", "10")
