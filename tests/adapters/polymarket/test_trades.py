"""Trades as own fills: on whichever side we are, once each, with the fee of the market's own parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from venuekit.adapter import FillState, Liquidity, Side, VenueDown
from venuekit_polymarket.fees import FeeTerms, fee, terms_of
from venuekit_polymarket.trades import Own, Reader

D = Decimal
YES, NO = "111", "222"
WALLET, KEY = "0xF39fd6e51aad88F6F4ce6aB8827279cffFb92266", "my-key"
MINE, ALSO_MINE, TAKER = "0x" + "a" * 64, "0x" + "b" * 64, "0x" + "c" * 64


def reader(terms: FeeTerms | None = None) -> Reader:
    return Reader(
        account="main",
        own=Own(wallet=WALLET, api_key=KEY),
        fees=lambda _: terms or FeeTerms(),
        quote="pUSD",
        client_id_of=lambda order_id: "mine-1" if order_id == MINE else None,
    )


def maker(order_id: str = MINE, **more: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "owner": KEY,
        "maker_address": WALLET.lower(),
        "matched_amount": "10",
        "price": "0.43",
        "fee_rate_bps": "0",
        "asset_id": NO,
        "outcome": "No",
        "side": "BUY",
        **more,
    }


def trade(*makers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "t-1",
        "taker_order_id": TAKER,
        "market": "0xcondition",
        "asset_id": YES,
        "side": "BUY",
        "size": "10",
        "price": "0.57",
        "status": "MATCHED",
        "match_time": "1800000000",
        "last_update": "1800000001",
        "outcome": "Yes",
        "owner": "someone",
        "maker_address": "0x1111111111111111111111111111111111111111",
        "trader_side": "MAKER",
        "maker_orders": list(makers),
        **more,
    }


def test_a_makers_fill_is_read_from_maker_orders_and_never_from_the_top() -> None:
    [kept] = reader().fills(trade(maker()))
    fill = kept.fill
    assert (fill.instrument, fill.side, fill.price, fill.size) == (NO, Side.BUY, D("0.43"), D(10))
    assert (fill.venue_order_id, fill.client_order_id, fill.liquidity) == (MINE, "mine-1", Liquidity.MAKER)


@pytest.mark.parametrize("how", [{"owner": "someone"}, {"maker_address": "0x2222222222222222222222222222222222222222"}])
def test_an_own_maker_order_is_known_by_its_wallet_or_by_its_key(how: dict[str, str]) -> None:
    assert len(reader().fills(trade(maker(**how)))) == 1


def test_other_peoples_maker_orders_are_not_ours() -> None:
    theirs = maker(TAKER, owner="someone", maker_address="0x2222222222222222222222222222222222222222")
    assert reader().fills(trade(theirs)) == []


def test_several_own_orders_in_one_trade_are_a_fill_each() -> None:
    fills = reader().fills(trade(maker(matched_amount="4"), maker(ALSO_MINE, matched_amount="6", price="0.42")))
    assert [(k.fill.id, k.fill.size, k.fill.price) for k in fills] == [
        (f"t-1:{MINE}", D(4), D("0.43")),
        (f"t-1:{ALSO_MINE}", D(6), D("0.42")),
    ]


@pytest.mark.parametrize(
    ("asset", "taker_side", "side"), [(YES, "BUY", Side.SELL), (NO, "BUY", Side.BUY), (NO, "SELL", Side.SELL)]
)
def test_a_makers_side_that_is_left_out_follows_from_the_takers(asset: str, taker_side: str, side: Side) -> None:
    row = maker(asset_id=asset)
    del row["side"]
    [kept] = reader().fills(trade(row, side=taker_side))
    assert kept.fill.side is side


def test_a_takers_fill_costs_what_each_maker_was_paid() -> None:
    """Half of it from a sale of the same outcome, half from a purchase of the other: 0.56 and 1 - 0.42."""
    stranger = "0x2222222222222222222222222222222222222222"
    makers = (
        maker(owner="x", maker_address=stranger, asset_id=YES, price="0.56", matched_amount="5", side="SELL"),
        maker(owner="y", maker_address=stranger, asset_id=NO, price="0.42", matched_amount="5"),
    )
    [kept] = reader().fills(trade(*makers, trader_side="TAKER", owner=KEY, price="0.58"))
    assert (kept.fill.venue_order_id, kept.fill.price, kept.fill.size) == (TAKER, D("0.57"), D(10))
    assert kept.fill.liquidity is Liquidity.TAKER


def test_the_price_at_the_top_counts_where_the_makers_do_not_add_up() -> None:
    [kept] = reader().fills(trade(trader_side="TAKER", owner=KEY))
    assert kept.fill.price == D("0.57")


@pytest.mark.parametrize(
    ("word", "state", "mined"),
    [
        ("MATCHED", FillState.PROVISIONAL, False),
        ("TRADE_STATUS_MATCHED_NOT_BROADCASTED", FillState.PROVISIONAL, False),
        ("MINED", FillState.PROVISIONAL, True),
        ("RETRYING", FillState.PROVISIONAL, False),
        ("TRADE_STATUS_CONFIRMED", FillState.CONFIRMED, True),
        ("FAILED", FillState.REVERSED, False),
        ("SOMETHING_NEW", FillState.PROVISIONAL, False),
    ],
)
def test_only_a_confirmed_trade_is_final(word: str, state: FillState, mined: bool) -> None:
    [kept] = reader().fills(trade(maker(), status=word))
    assert (kept.fill.state, kept.mined) == (state, mined)


def test_the_stream_spells_the_time_in_another_way() -> None:
    frame = trade(maker(), matchtime="1800000000")
    del frame["match_time"]
    assert reader().fills(frame)[0].fill.time_ns == 1_800_000_000 * 10**9


@pytest.mark.parametrize("missing", ["id", "match_time"])
def test_a_trade_without_id_or_time_is_not_understood(missing: str) -> None:
    with pytest.raises(VenueDown):
        reader().fills({**trade(maker()), missing: ""})


@pytest.mark.parametrize("missing", ["order_id", "matched_amount", "price", "asset_id"])
def test_an_own_order_without_its_terms_is_not_understood(missing: str) -> None:
    with pytest.raises(VenueDown):
        reader().fills(trade({**maker(), missing: ""}))


def test_a_fee_is_the_markets_own_rate_on_the_curve_to_five_decimals() -> None:
    terms = FeeTerms(D("0.04"), D(1))
    assert fee(terms, D("0.5"), D(100), Liquidity.TAKER) == D("1.00000")
    assert fee(terms, D("0.57"), D("10.01"), Liquidity.TAKER) == D("0.09814")
    assert fee(FeeTerms(D("0.25"), D(2)), D("0.5"), D(100), Liquidity.TAKER) == D("1.56250")
    assert fee(terms, D("0.0001"), D(1), Liquidity.TAKER) == 0, "less than half of the last decimal"
    assert fee(terms, D("0.5"), D(100), Liquidity.MAKER) == 0
    assert fee(FeeTerms(D("0.04"), D(1), taker_only=False), D("0.5"), D(100), Liquidity.MAKER) == D(1)
    [kept] = reader(terms).fills(trade(trader_side="TAKER", owner=KEY))
    assert kept.fill.fee == fee(terms, D("0.57"), D(10), Liquidity.TAKER)


def test_a_market_that_says_nothing_of_fees_has_none_and_nobody_is_paid_for_taking() -> None:
    assert terms_of(None) == FeeTerms()
    assert fee(terms_of(None), D("0.5"), D(100), Liquidity.TAKER) == 0
    assert fee(FeeTerms(rate=D("-0.04")), D("0.5"), D(100), Liquidity.TAKER) == 0


def test_a_trade_that_we_made_is_not_also_one_that_we_took() -> None:
    """Its top may name us all the same: as whose list it stands in."""
    kept = reader().fills(trade(maker(), owner=KEY, trade_owner=KEY, trader_side="MAKER"))
    assert [k.fill.liquidity for k in kept] == [Liquidity.MAKER]


def test_a_trade_that_does_not_say_our_side_is_ours_by_its_owner() -> None:
    others = {"owner": "someone", "maker_address": "0x2222222222222222222222222222222222222222"}
    [kept] = reader().fills(trade(maker(**others), owner=KEY, trader_side=""))
    assert (kept.fill.liquidity, kept.fill.side, kept.fill.instrument) == (Liquidity.TAKER, Side.BUY, YES)


def test_makers_that_are_less_than_the_trade_say_nothing_of_its_price() -> None:
    others = {"owner": "someone", "maker_address": "0x2222222222222222222222222222222222222222", "asset_id": YES}
    part = maker(**others, matched_amount="4", price="0.50", side="SELL")
    [kept] = reader().fills(trade(part, owner=KEY, trader_side="TAKER"))
    assert kept.fill.price == D("0.57")
    rest = maker(**others, matched_amount="6", price="0.55", side="SELL")
    [kept] = reader().fills(trade(part, rest, owner=KEY, trader_side="TAKER"))
    assert kept.fill.price == D("0.53")


def test_an_order_that_stands_twice_in_a_trade_has_one_fill_of_both() -> None:
    kept = reader().fills(trade(maker(matched_amount="4", price="0.40"), maker(matched_amount="6", price="0.50")))
    assert [(k.fill.size, k.fill.price) for k in kept] == [(D(10), D("0.46"))]


def test_a_trade_without_the_time_of_its_match_has_that_of_its_frame() -> None:
    frame = trade(maker(), timestamp="1800000000123")
    del frame["match_time"]
    assert [k.fill.time_ns for k in reader().fills(frame)] == [1_800_000_000_123 * 10**6]
