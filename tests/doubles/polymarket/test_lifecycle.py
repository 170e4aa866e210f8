from __future__ import annotations

import time
from decimal import Decimal

import pytest
from official import Stream
from raw import Wire

from venuekit.adapter import Side
from venuekit_doubles.clock import SteppedClock
from venuekit_doubles.polymarket import Account, Pace, PolymarketDouble, TradeState
from venuekit_doubles.polymarket.ledger import NotEnough

pytestmark = pytest.mark.anyio
FED = "fed-cuts-in-december"
GAME = "nba-lal-bos-moneyline"
M = 1_000_000
D = Decimal


async def _open(wire: Wire) -> list[str]:
    return [order["id"] for order in (await wire.ask("GET", "/data/orders")).body["data"]]


# -- trades on the chain


async def test_a_trade_is_matched_mined_and_confirmed_and_only_then_on_the_chain(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    async with Wire.to(double) as wire, Stream.user(double) as mine:
        await wire.post(wire.draft(type="FOK", maker_amount=63 * M, taker_amount=100 * M))
        for told, listed, held in (
            ("MATCHED", "TRADE_STATUS_MATCHED_NOT_BROADCASTED", 0),
            ("MINED", "TRADE_STATUS_MINED", 100),
            ("CONFIRMED", "TRADE_STATUS_CONFIRMED", 100),
        ):
            event = await mine.kind("trade")
            [trade] = (await wire.ask("GET", "/data/trades")).body["data"]
            assert (event["status"], trade["status"]) == (told, listed)
            assert bool(trade["transaction_hash"]) is (told != "MATCHED")
            assert double.balance(double.account.wallet, token) == held
            double.settle()


async def test_a_trade_that_is_tried_again_settles_in_the_end(double: PolymarketDouble) -> None:
    double.fail_settlements(TradeState.RETRYING)
    async with Wire.to(double) as wire, Stream.user(double) as mine:
        await wire.post(wire.draft(type="FOK", maker_amount=63 * M, taker_amount=100 * M))
        for _ in range(3):
            double.settle()
        states = [(await mine.kind("trade"))["status"] for _ in range(4)]
    assert states == ["MATCHED", "RETRYING", "MINED", "CONFIRMED"]
    assert double.balance(double.account.wallet, double.market(FED).tokens[0]) == 100


async def test_trades_settle_by_themselves_when_nobody_does_it_by_hand() -> None:
    with PolymarketDouble(pace=Pace(settle=0.01, moving=False)) as double:
        async with Wire.to(double) as wire, Stream.user(double) as mine:
            await wire.post(wire.draft(type="FOK", maker_amount=63 * M, taker_amount=100 * M))
            states = [(await mine.kind("trade"))["status"] for _ in range(3)]
    assert states == ["MATCHED", "MINED", "CONFIRMED"]


async def test_a_sweep_of_several_prices_is_a_trade_for_each(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    for price in ("0.61", "0.62"):
        double.give(double.other.wallet, "10", token)
        double.order(token, Side.SELL, price, "10")
    async with Wire.to(double) as wire:
        answer = await wire.post(wire.draft(maker_amount=int(6.3 * M)))
        bought = {t["price"]: t["size"] for t in (await wire.ask("GET", "/data/trades")).body["data"]}
    assert len(answer.body["tradeIDs"]) == len(bought)
    assert answer.body["takingAmount"] == "10"
    assert "0.61" in bought or "0.62" in bought


async def test_an_immediate_order_that_meets_only_its_own_owner_is_killed(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    bid, ask = double.do(lambda: double.venue.clob.books.best(double.market(FED), 0))
    assert ask - bid > 100, "there is no room between bid and ask"
    double.give(double.account.wallet, "10", token)
    double.order(token, Side.SELL, str(D(ask - 100) / 10_000), "10", account=double.account)
    async with Wire.to(double) as wire:
        at = ask - 100
        answer = await wire.post(wire.draft(type="FAK", maker_amount=at * 500, taker_amount=5 * M))
        assert "no orders found to match" in answer.error


# -- sports


async def test_an_order_of_a_game_waits_and_cannot_be_canceled_meanwhile(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire, Stream.user(double) as mine:
        placed = (await wire.post(wire.draft(GAME, maker_amount=6 * M))).body
        assert (placed["status"], placed["tradeIDs"]) == ("delayed", [])
        assert (await mine.kind("order"))["status"] == "DELAYED"
        refused = (await wire.ask("DELETE", "/order", {"orderID": placed["orderID"]})).body
        assert refused["not_canceled"] == {placed["orderID"]: "order is delayed and cannot be canceled"}
        double.release_delayed()
        assert (await mine.kind("trade"))["taker_order_id"] == placed["orderID"]
        assert (await mine.kind("order"))["status"] == "MATCHED"


async def test_an_order_that_would_rest_does_not_wait_in_a_game(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        assert (await wire.post(wire.draft(GAME, maker_amount=2 * M))).body["status"] == "live"


async def test_a_delayed_order_whose_money_is_gone_becomes_invalid(double: PolymarketDouble) -> None:
    poor = double.add_account(Account.named("poor"), D(7))
    async with Wire.to(double, poor) as wire, Stream.user(double, poor) as mine:
        await wire.post(wire.draft(GAME, maker_amount=6 * M))
        await mine.kind("order")
        double.give(poor.wallet, "-7")
        double.release_delayed()
        assert (await mine.kind("order"))["status"] == "INVALID"


async def test_a_delay_ends_by_itself() -> None:
    with PolymarketDouble(pace=Pace(settle=None, delay=0.01, moving=False)) as double:
        async with Wire.to(double) as wire, Stream.user(double) as mine:
            await wire.post(wire.draft(GAME, maker_amount=6 * M))
            assert (await mine.kind("trade"))["status"] == "MATCHED"


# -- ends


async def test_an_order_expires_a_minute_before_the_time_that_it_names() -> None:
    clock = SteppedClock()
    with PolymarketDouble(clock=clock, window_seconds=3600, pace=Pace(moving=False)) as double:
        async with Wire.to(double) as wire, Stream.user(double) as mine:
            await wire.post(wire.draft(type="GTD", expiration=int(time.time()) + 120))
            await mine.kind("order")
            assert len(await _open(wire)) == 1
            clock.step(50)
            assert len(await _open(wire)) == 1
            clock.step(11)
            assert await _open(wire) == []
            event = await mine.kind("order")
            assert (event["type"], event["status"]) == ("CANCELLATION", "CANCELED_EXPIRED_ORDER")


async def test_a_result_cancels_orders_and_lets_shares_be_redeemed(double: PolymarketDouble) -> None:
    market = double.market(FED)
    yes, no = market.tokens
    wallet = double.account.wallet
    double.give(wallet, "10", yes)
    double.give(wallet, "4", no)
    async with Wire.to(double) as wire, Stream.user(double) as mine:
        await wire.post(wire.draft())
        await mine.kind("order")
        double.resolve(FED, "1")
        assert (await mine.kind("order"))["status"] == "CANCELED_MARKET_RESOLVED"
        assert (await wire.post(wire.draft(salt=2))).error == "the market is not yet ready to process new orders"
        gone = await wire.ask("GET", "/book", query=f"?token_id={yes}", headers={})
        assert (gone.status, gone.error) == (404, "No orderbook exists for the requested token id")
        told = (await wire.ask("GET", f"/markets/{market.condition_id}", headers={})).body
        assert [(t["price"], t["winner"]) for t in told["tokens"]] == [(1.0, True), (0.0, False)]
        held = (await wire.ask("GET", "/data-api/v2/positions", query=f"?user={wallet}", headers={})).body["data"]
        assert [(p["redeemable"], p["current_value"]) for p in held] == [(True, 10.0), (True, 0.0)]
        before = double.balance(wallet)
        assert double.redeem(FED) == 10
        assert double.balance(wallet) - before == 10
        assert double.balance(wallet, yes) == 0


async def test_pairs_are_split_and_merged(double: PolymarketDouble) -> None:
    yes, no = double.market(FED).tokens
    wallet = double.account.wallet
    double.split(FED, "25")
    assert [double.balance(wallet, token) for token in (yes, no)] == [25, 25]
    double.merge(FED, "10")
    assert [double.balance(wallet, token) for token in (yes, no)] == [15, 15]
    assert double.balance(wallet) == 100_000 - 15
    async with Wire.to(double) as wire:
        found = (await wire.ask("GET", "/data-api/v2/activity", query=f"?user={wallet}", headers={})).body["data"]
    assert [(entry["type"], entry["usdc_size"]) for entry in found] == [("SPLIT", 25.0), ("MERGE", 10.0)]


# -- canceling by filters


async def test_a_raw_filter_with_nothing_in_it_cancels_everything(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        for n, slug in enumerate((FED, "rain-in-london-tomorrow")):
            await wire.post(wire.draft(slug, salt=n))
        answer = await wire.ask("DELETE", "/cancel-market-orders", {"market": "", "asset_id": ""})
        assert len(answer.body["canceled"]) == 2
        assert await _open(wire) == []


async def test_orders_are_canceled_by_market_or_by_token_and_anothers_never(double: PolymarketDouble) -> None:
    market = double.market(FED)
    theirs = double.order(market.tokens[0], Side.BUY, "0.2", "10")
    async with Wire.to(double) as wire:
        ids = [(await wire.post(wire.draft(index=n, maker_amount=2 * M))).body["orderID"] for n in (0, 1)]
        stranger = await wire.ask("DELETE", "/order", {"orderID": theirs})
        assert stranger.body["canceled"] == []
        answer = await wire.ask("DELETE", "/cancel-market-orders", {"asset_id": market.tokens[1]})
        assert answer.body["canceled"] == [ids[1]]
        answer = await wire.ask("DELETE", "/cancel-market-orders", {"market": market.condition_id})
        assert answer.body["canceled"] == [ids[0]]


@pytest.mark.parametrize("name", ["", "0x12", "hello", None])
async def test_what_is_no_order_id_is_told_so(double: PolymarketDouble, name: str | None) -> None:
    async with Wire.to(double) as wire:
        answer = await wire.ask("DELETE", "/order", {"orderID": name})
    assert (answer.status, answer.error) == (400, "Invalid orderID")


async def test_orders_and_trades_come_in_pages(double: PolymarketDouble) -> None:
    with PolymarketDouble(pace=Pace(moving=False), page=2) as small:
        async with Wire.to(small) as wire:
            for n in range(3):
                await wire.post(wire.draft(salt=n))
            first = (await wire.ask("GET", "/data/orders", query="?next_cursor=MA==")).body
            assert (len(first["data"]), first["next_cursor"]) == (2, "Mg==")
            last = (await wire.ask("GET", "/data/orders", query="?next_cursor=Mg==")).body
            assert (len(last["data"]), last["next_cursor"]) == (1, "LTE=")


# -- heartbeats


async def test_heartbeats_are_a_chain_and_a_wrong_id_is_told_the_right_one(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        first = (await wire.ask("POST", "/v1/heartbeats", {"heartbeat_id": ""})).body["heartbeat_id"]
        second = (await wire.ask("POST", "/v1/heartbeats", {"heartbeat_id": first})).body["heartbeat_id"]
        assert first != second
        wrong = await wire.ask("POST", "/v1/heartbeats", {"heartbeat_id": first})
    assert (wrong.status, wrong.body) == (400, {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": second})


async def test_an_armed_key_that_falls_silent_has_all_its_orders_canceled() -> None:
    with PolymarketDouble(pace=Pace(moving=False, heartbeat=0.05)) as double:
        async with Wire.to(double) as wire, Stream.user(double) as mine:
            await wire.post(wire.draft())
            await mine.kind("order")
            await wire.ask("POST", "/v1/heartbeats", {"heartbeat_id": ""})
            assert (await mine.kind("order"))["type"] == "CANCELLATION"
            assert await _open(wire) == []


# -- what trades that are yet to be mined hold


async def test_what_a_matched_trade_will_take_is_not_there_for_other_orders_until_it_fails(
    double: PolymarketDouble,
) -> None:
    poor = double.add_account(Account.named("poor"), D(70))
    double.fail_settlements(TradeState.FAILED)
    async with Wire.to(double, poor) as wire:
        assert (await wire.post(wire.draft(type="FOK", maker_amount=63 * M, taker_amount=100 * M))).status == 200
        again = wire.draft(salt=2, maker_amount=10 * M, taker_amount=20 * M)
        refused = await wire.post(again)
        assert "balance: 70000000, sum of matched orders: 63932400, order amount: 10000000" in refused.error
        with pytest.raises(NotEnough):
            double.split(FED, "10", poor)
        double.settle()
        assert (await wire.post(again)).status == 200
