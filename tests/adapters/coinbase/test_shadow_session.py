"""A whole session in shadow at Coinbase asks it nothing of an account, with a key configured and without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest
from coinbase_desk import a_double, options

from venuekit import LimitOrder, MarketOrder, Mode, Side, open_desk
from venuekit.adapter import (
    Balance,
    BracketOrder,
    Channel,
    FillQuery,
    Granularity,
    HistoryQuery,
    OrderRequest,
    OrderStatus,
    OrderType,
    StopLimitOrder,
    TimeInForce,
    Unsupported,
    VenuePermission,
)
from venuekit.desk.desk import Desk
from venuekit.runtime import opening
from venuekit.settings.schema import DeskConfig, DeskSettings, StreamSettings
from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_doubles.faults import StreamFault
from venuekit_paper.shadow.venue import ShadowVenue

pytestmark = pytest.mark.anyio
D = Decimal
ARGUMENTS: dict[str, dict[str, Any]] = {
    "preview_order": {
        "instrument": "BTC-USD",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "size": D("0.01"),
        "price": D(1000),
    },
    "quote_conversion": {"source": "USDC", "target": "USD", "amount": D(1)},
}
WITH_KEY = pytest.mark.parametrize("key", [False, True], ids=["without a key", "with a key"])


@pytest.fixture
def double() -> Iterator[CoinbaseDouble]:
    with a_double() as running:
        yield running


def a_desk(double: CoinbaseDouble, folder: Path, *, key: bool) -> Any:
    given = options(double)
    if not key:
        given |= {"api_key": "", "api_secret": ""}
    config = DeskConfig(
        desk=DeskSettings(venue="coinbase", mode=Mode.SHADOW, data_dir=str(folder)),
        streams=StreamSettings(backoff_first_seconds=0.05, backoff_longest_seconds=0.1),
        shadow={"latency_ms": 0, "balances": {"USD": D(100_000)}},
    )
    return open_desk(config, environ={}, venue_options=given)


async def until(wanted: Any) -> None:
    with anyio.fail_after(60):
        while not await wanted():  # noqa: ASYNC110 - the market is in another thread
            await anyio.sleep(0.01)


def every_kind(bid: Decimal, now_ns: int) -> list[OrderRequest]:
    """An order of each kind that Coinbase takes."""
    buy: dict[str, Any] = {"instrument": "BTC-USD", "side": Side.BUY, "size": D("0.02")}
    sell = {**buy, "side": Side.SELL, "size": D("0.01")}
    low, high = bid - 5000, bid + 5000
    return [
        MarketOrder(**buy),
        MarketOrder(instrument="BTC-USD", side=Side.BUY, quote_size=D(500)),
        LimitOrder(**buy, price=low),
        LimitOrder(**buy, price=low - 1, post_only=True),
        LimitOrder(**buy, price=low - 2, time_in_force=TimeInForce.GTD, expires_at_ns=now_ns + 3600 * 10**9),
        LimitOrder(**buy, price=bid + 500, time_in_force=TimeInForce.IOC),
        LimitOrder(**buy, price=bid + 500, time_in_force=TimeInForce.FOK),
        StopLimitOrder(**buy, stop_price=high, price=high),
        BracketOrder(**sell, price=high + 1, stop_price=low),
    ]


async def streams(desk: Desk) -> None:
    for channel in Channel:
        await desk.subscribe(channel, () if channel.is_own else ["BTC-USD"])


async def traded(desk: Desk, double: CoinbaseDouble) -> None:
    """Orders of every kind are placed, filled, changed and canceled, over a connection that is lost once."""
    [ticker] = await desk.venue.tickers(["BTC-USD"])
    assert ticker.bid is not None
    placed = [await desk.submit(request) for request in every_kind(ticker.bid, desk.clock.now_ns())]
    assert {order.status for order in placed} >= {OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.PENDING_TRIGGER}
    await desk.amend(placed[2].id, price=ticker.bid - 6000)
    await desk.cancel(placed[3].id)
    best = await desk.submit(LimitOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.001"), price=ticker.bid))
    await double.fail_streams(StreamFault.ABORT)

    async def filled() -> bool:
        await double.advance(5)
        return (await desk.order(best.id)).status is OrderStatus.FILLED

    await until(filled)


async def looked_around(desk: Desk) -> None:
    """Everything that can be read is."""
    await desk.venue.search("BTC")
    await desk.venue.order_book("BTC-USD")
    await desk.venue.trades("BTC-USD")
    await desk.venue.candles("BTC-USD", Granularity.ONE_HOUR)
    await desk.venue.server_time_ns()
    await desk.reconcile()
    assert await desk.balances()
    assert await desk.positions()
    assert await desk.profile()
    assert (await desk.transfers()).items
    assert (await desk.fills(FillQuery())).items
    assert (await desk.order_history(HistoryQuery())).items
    with pytest.raises(Unsupported, match="not simulated"):
        await desk.call_extra("commit_conversion", {"quote_id": "q", "source": "USDC", "target": "USD"})
    for extra in (e for e in desk.extras if not e.mutates):
        with pytest.raises(VenuePermission, match="none is configured"):
            await desk.call_extra(extra.name, ARGUMENTS.get(extra.name, {}))


def asked_of_accounts(double: CoinbaseDouble) -> list[object]:
    return [*double.private, *double.mutating, *double.logins]


@WITH_KEY
async def test_a_whole_session_in_shadow_asks_nothing_of_an_account(
    double: CoinbaseDouble, tmp_path: Path, key: bool
) -> None:
    async with a_desk(double, tmp_path, key=key) as desk:
        await streams(desk)
        await traded(desk, double)
        await looked_around(desk)
        left = await desk.open_orders()
        assert left
    async with a_desk(double, tmp_path, key=key) as desk:  # goes on with what is open, and follows it
        assert {o.id for o in await desk.open_orders()} == {o.id for o in left}
        await desk.cancel_all()
        await desk.close_position("BTC-USD")
    assert double.requests
    assert {said.channel for said in double.messages} >= {"level2", "market_trades", "ticker", "status"}
    assert asked_of_accounts(double) == []


async def test_the_proof_would_see_a_shadow_that_kept_the_key_and_asked(
    double: CoinbaseDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asks(shadow: ShadowVenue) -> Sequence[Balance]:
        await shadow.behind.balances()
        return []

    monkeypatch.setattr(opening, "is_secret", lambda _: False)
    monkeypatch.setattr(ShadowVenue, "balances", asks)
    async with a_desk(double, tmp_path, key=True) as desk:
        await desk.balances()
    assert asked_of_accounts(double) != []
