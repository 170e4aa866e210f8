from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from official import Stream, client, everything
from polymarket import AsyncSecureClient
from polymarket.errors import RequestRejectedError

from venuekit.adapter import Side
from venuekit_doubles.polymarket import Account, PolymarketDouble, TradeState, WalletKind

pytestmark = pytest.mark.anyio
D = Decimal
FED = "fed-cuts-in-december"
#: One market of each contract: standard, negative risk, position ids.
KINDS_OF_MARKET = (FED, "will-alpha-be-nominated-in-2028", "rain-in-london-tomorrow")


@pytest.mark.parametrize("kind", list(WalletKind))
async def test_every_wallet_signs_orders_of_every_contract(double: PolymarketDouble, kind: WalletKind) -> None:
    account = double.add_account(Account.named("signer", kind))
    async with client(double, account) as trader:
        for slug in KINDS_OF_MARKET:
            await _rest_one(trader, account, double.market(slug).tokens[1])


async def _rest_one(trader: AsyncSecureClient, account: Account, token: str) -> None:
    signed = await trader.create_limit_order(asset_id=token, price="0.11", size="12.5", side="BUY")
    answer = await trader.post_order(signed)
    [order] = await everything(trader.list_open_orders(asset_id=token))
    assert answer.ok
    assert answer.status == "live"
    assert (order.id, order.asset_id, order.price, order.original_size) == (
        answer.order_id,
        token,
        D("0.11"),
        D("12.5"),
    )
    assert order.maker_address == account.wallet


async def test_a_market_buy_spends_its_money_at_the_books_prices(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    async with client(double) as trader:
        book = await trader.get_order_book(asset_id=token)
        best = book.asks[-1]
        answer = await trader.post_order(await trader.create_market_order(asset_id=token, side="BUY", amount="63"))
        assert answer.ok
        assert (answer.status, answer.making_amount) == ("matched", 63)
        assert answer.taking_amount == pytest.approx(D(63) / best.price)
        [trade] = await everything(trader.list_account_trades())
        assert (trade.status, trade.trader_side, trade.id) == ("MATCHED_NOT_BROADCASTED", "TAKER", answer.trade_ids[0])
        assert double.balance(double.account.wallet, token) == 0
        double.settle()
        assert double.balance(double.account.wallet, token) == answer.taking_amount
        fee = (answer.taking_amount * D("0.04") * best.price * (1 - best.price)).quantize(D("0.00001"))
        assert double.balance(double.account.wallet) == D(100_000) - 63 - fee
        [position] = await everything(trader.list_positions())
        assert (position.current_size, position.avg_price) == (answer.taking_amount, best.price)


async def test_two_buyers_of_opposite_outcomes_mint_a_pair(double: PolymarketDouble) -> None:
    yes, no = double.market(FED).tokens
    resting = double.order(no, Side.BUY, "0.38", "10")
    async with client(double) as trader, Stream.user(double, double.other) as theirs:
        answer = await trader.post_order(
            await trader.create_limit_order(asset_id=yes, price="0.62", size="10", side="BUY")
        )
        assert answer.ok
        assert (answer.status, answer.making_amount, answer.taking_amount) == ("matched", D("6.2"), 10)
        event = await theirs.kind("trade")
        assert event["trader_side"] == "MAKER"
        assert (event["side"], event["asset_id"], event["price"]) == ("BUY", yes, "0.62")
        [mine] = event["maker_orders"]
        assert (mine["order_id"], mine["side"], mine["asset_id"], mine["price"]) == (resting, "BUY", no, "0.38")
    double.settle()
    assert double.balance(double.other.wallet, no) == 10
    assert double.balance(double.other.wallet) == D("100000") - D("3.8")


async def test_finished_orders_are_no_longer_listed_but_their_trades_are(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    async with client(double) as trader:
        rested = await trader.post_order(
            await trader.create_limit_order(asset_id=token, price="0.62", size="10", side="BUY")
        )
        assert rested.ok
        assert (await trader.get_order(order_id=rested.order_id)).status == "LIVE"
        double.give(double.other.wallet, "10", token)
        double.order(token, Side.SELL, "0.62", "10")
        assert await everything(trader.list_open_orders()) == []
        [trade] = await everything(trader.list_account_trades())
        assert trade.trader_side == "MAKER"
        assert trade.maker_orders[0].order_id == rested.order_id


async def test_the_same_signed_order_twice_is_refused_as_a_duplicate(double: PolymarketDouble) -> None:
    async with client(double) as trader:
        signed = await trader.create_limit_order(
            asset_id=double.market(FED).tokens[0], price="0.5", size="10", side="BUY"
        )
        await trader.post_order(signed)
        with pytest.raises(RequestRejectedError, match=r"is invalid\. Duplicated\."):
            await trader.post_order(signed)


async def test_one_leg_of_a_batch_may_fail_alone(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    async with client(double) as trader:
        good = await trader.create_limit_order(asset_id=token, price="0.5", size="10", side="BUY")
        small = await trader.create_limit_order(asset_id=token, price="0.5", size="1", side="BUY")
        first, second = await trader.post_orders([good, small])
    assert first.ok
    assert not second.ok
    assert "Size (1) lower than the minimum: 5" in second.message


async def test_what_cannot_fill_at_once_is_killed_and_told_as_the_venue_does(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    async with client(double) as trader, Stream.user(double) as mine:
        low = await trader.create_limit_order(asset_id=token, price="0.5", size="10", side="BUY")
        for kind, words in (("FOK", "fully filled or killed"), ("FAK", "no orders found to match with FAK order")):
            with pytest.raises(RequestRejectedError, match=words):
                await trader.post_order(dataclasses.replace(low, order_type=kind))
            event = await mine.kind("order")
            assert (event["type"], event["size_matched"]) == ("CANCELLATION", "")
            assert words in event["status"]


async def test_cancels_tell_what_they_did_and_what_not(double: PolymarketDouble) -> None:
    yes, no = double.market(FED).tokens
    async with client(double) as trader:
        ids = []
        for token in (yes, no, yes):
            signed = await trader.create_limit_order(asset_id=token, price="0.2", size="10", side="BUY")
            answer = await trader.post_order(signed)
            assert answer.ok
            ids.append(answer.order_id)
        assert (await trader.cancel_order(order_id=ids[0])).canceled == (ids[0],)
        again = await trader.cancel_orders(order_ids=ids[:2])
        assert again.canceled == (ids[1],)
        assert again.not_canceled == {ids[0]: "order can't be found - already canceled or matched"}
        assert (await trader.cancel_market_orders(asset_id=no)).canceled == ()
        assert (await trader.cancel_all()).canceled == (ids[2],)


async def test_a_failed_settlement_moves_nothing_and_says_so(double: PolymarketDouble) -> None:
    token = double.market(FED).tokens[0]
    double.fail_settlements(TradeState.RETRYING, TradeState.FAILED)
    async with client(double) as trader, Stream.user(double) as mine:
        answer = await trader.post_order(await trader.create_market_order(asset_id=token, side="BUY", amount="50"))
        assert answer.ok
        states = [(await mine.kind("trade"))["status"]]
        for _ in range(2):
            double.settle()
            states.append((await mine.kind("trade"))["status"])
        assert states == ["MATCHED", "RETRYING", "FAILED"]
        [trade] = await everything(trader.list_account_trades())
        assert trade.status == "FAILED"
    assert double.balance(double.account.wallet) == 100_000
    assert double.balance(double.account.wallet, token) == 0
