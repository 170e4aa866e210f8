"""A desk on the double loses its streams in every way: it reconnects, and no fill is lost or told twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest
from coinbase_desk import a_double, connected, options, resting

from venuekit import MarketOrder, Mode, Side, open_desk
from venuekit.adapter import Channel, ConfigError, Feature, FillQuery, NotConnected, OrderType, Support, VenuePermission
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings, StreamSettings
from venuekit_coinbase import factory
from venuekit_coinbase.capabilities import CAPABILITIES
from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_doubles.faults import Fault, StreamFault

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture
def double() -> Iterator[CoinbaseDouble]:
    with a_double() as running:
        yield running


def config(folder: Path, **desk: Any) -> DeskConfig:
    return DeskConfig(
        desk=DeskSettings(venue="coinbase", mode=Mode.LIVE, data_dir=str(folder), **desk),
        approval=ApprovalSettings(require_above=D(1_000_000)),
        streams=StreamSettings(backoff_first_seconds=0.05, backoff_longest_seconds=0.1),
    )


def buy() -> MarketOrder:
    return MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.01"))


async def until(wanted: Any) -> None:
    with anyio.fail_after(60):
        while not wanted():  # noqa: ASYNC110 - what is waited for is in another thread
            await anyio.sleep(0.02)


@pytest.mark.parametrize("fault", [f for f in StreamFault if f is not StreamFault.CHANNEL_SILENCE])
async def test_a_desk_comes_back_from_a_lost_stream_with_every_fill_once(
    double: CoinbaseDouble, tmp_path: Path, fault: StreamFault
) -> None:
    given = options(double, heartbeat_timeout_seconds=0.5)
    async with open_desk(config(tmp_path), environ={}, venue_options=given) as desk:
        await until(lambda: desk.upkeep.connected)
        before = await desk.submit(buy())
        await double.fail_streams(fault)
        during = await desk.submit(buy())
        await until(lambda: desk.upkeep.connected)
        after = await desk.submit(buy())
        await desk.reconcile()
        known = [await desk.order(o.id) for o in (before, during, after)]
        assert [o.filled_size for o in known] == [D("0.01")] * 3
        listed = (await desk.venue.fills(FillQuery(limit=100))).items
        assert sum(f.size for f in listed) == D("0.03")
        assert len({f.id for f in listed}) == len(listed)
        [position] = [p for p in await desk.venue.positions() if p.instrument == "BTC-USD"]
        assert position.size == D("0.03")


async def test_one_refused_token_of_a_stream_is_not_the_end_of_it(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with connected(double, tmp_path) as venue:
        signer = venue.streams._signer
        assert signer is not None
        signer._key_name = "nobody"
        with pytest.raises(NotConnected):  # which is tried again, with a new token
            await anext(venue.subscribe(Channel.OWN_ORDERS, []))
        with pytest.raises(VenuePermission):
            await anext(venue.subscribe(Channel.OWN_ORDERS, []))


async def test_a_key_that_may_move_money_out_is_refused_in_live_mode(double: CoinbaseDouble, tmp_path: Path) -> None:
    double._key.can_transfer = True
    with pytest.raises(ConfigError) as refused:
        async with open_desk(config(tmp_path), environ={}, venue_options=options(double)):
            pass
    assert refused.value.field == "desk.allow_transfer_key"
    async with open_desk(config(tmp_path), mode=Mode.READ_ONLY, environ={}, venue_options=options(double)):
        pass
    async with open_desk(config(tmp_path, allow_transfer_key=True), environ={}, venue_options=options(double)):
        pass


async def test_without_a_key_public_data_works_and_the_rest_says_why_not(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    async with connected(double, tmp_path, api_key="", api_secret="") as venue:
        assert (await venue.order_book("BTC-USD")).bids
        assert (await venue.tickers(["BTC-USD"]))[0].bid
        for feature in (Feature.SUBMIT, Feature.BALANCES, Feature.FILLS):
            declared = venue.capabilities.features[feature]
            assert declared.support is Support.UNSUPPORTED
            assert "COINBASE_API_KEY" in declared.reason
        assert venue.capabilities.of(Feature.REDUCE_ONLY) == CAPABILITIES.of(Feature.REDUCE_ONLY), "a key is no help"
        before = len(double.requests)
        with pytest.raises(VenuePermission):
            await venue.balances()
        assert len(double.requests) == before


async def test_neither_secret_nor_token_is_in_log_error_repr_or_journal(
    double: CoinbaseDouble, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    given = options(double)
    async with open_desk(config(tmp_path), environ={}, venue_options=given) as desk:
        await desk.submit(resting("quiet"))
        # More than the desk asks for, too, which compares its balances when its streams are there.
        double.fail("accounts", *[Fault.UNAUTHORIZED_ONCE] * 100)
        with pytest.raises(VenuePermission) as refused:
            await desk.venue.balances()
        double.faults.clear()
        said += [str(refused.value), repr(refused.value), repr(refused.value.__cause__), repr(desk.venue)]
    for transport in ("sdk", "aiohttp"):
        async with connected(double, tmp_path, transport=transport) as venue:
            await venue.balances()
            said += [repr(venue), repr(venue.options)]
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    secret = max(double.secret.splitlines(), key=len)
    for text in (caplog.text, *said, written.decode("latin-1")):
        assert secret not in text
        assert "eyJ" not in text


async def test_the_tools_of_its_own_only_read_but_for_a_conversion(double: CoinbaseDouble, tmp_path: Path) -> None:
    tools = {extra.name: extra for extra in factory.extras}
    assert [extra.name for extra in factory.extras if extra.mutates] == ["commit_conversion"]
    assert {extra.toolset for extra in factory.extras} == {"coinbase"}

    async def call(name: str, **given: Any) -> Any:
        return await tools[name].call(venue, tools[name].arguments(**given))

    async with connected(double, tmp_path) as venue:
        portfolios = await call("list_portfolios")
        assert portfolios.bound_to in {p.id for p in portfolios.portfolios}
        assert (await call("get_fee_tier")).taker_fee_rate is not None
        preview = tools["preview_order"].arguments
        answer = await tools["preview_order"].call(
            venue, preview(instrument="BTC-USD", side=Side.BUY, order_type=OrderType.MARKET, size=D("0.01"))
        )
        assert answer.problems == []
        assert await venue.open_orders() == []
