"""Coinbase and Polymarket in one environment and one process: their clients disagree on `websockets`, we need none."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import coinbase_desk
import double_streams
import pytest
from double_streams import a_hub, until

from venuekit.adapter import Channel
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_doubles.faults import StreamFault as CoinbaseFault
from venuekit_doubles.polymarket import StreamFault
from venuekit_polymarket.adapter import PolymarketVenue

pytestmark = pytest.mark.anyio


def test_the_clients_of_both_venues_are_installed_with_the_websockets_that_one_of_them_needs() -> None:
    assert int(importlib.metadata.version("websockets").partition(".")[0]) < 14
    importlib.metadata.version("coinbase-advanced-py")
    importlib.metadata.version("polymarket-client")


def test_the_streams_of_both_need_no_websockets_at_all() -> None:
    code = """
import sys
import venuekit_coinbase.streams, venuekit_polymarket.streams
assert "websockets" not in sys.modules, "a stream imports websockets"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr


async def test_both_stream_at_once_and_come_back_when_both_are_cut(tmp_path: Path) -> None:
    with coinbase_desk.a_double() as coinbase, double_streams.a_double() as polymarket:
        token = polymarket.markets[0].tokens[0]
        async with (
            coinbase_desk.connected(coinbase, tmp_path) as spot,
            double_streams.connected(polymarket, tmp_path) as outcomes,
            a_hub(spot) as of_coinbase,
            a_hub(outcomes) as of_polymarket,
        ):
            assert isinstance(spot, CoinbaseVenue)
            assert isinstance(outcomes, PolymarketVenue)
            bitcoin = of_coinbase.follow(Channel.BOOK, "BTC-USD")
            shares = of_polymarket.follow(Channel.BOOK, token)
            await until(lambda: bitcoin.book.is_trusted and shares.book.is_trusted)
            await coinbase.fail_streams(CoinbaseFault.ABORT)
            polymarket.fail_streams(StreamFault.DROP)
            await until(lambda: bitcoin.subscription.reconnects and shares.subscription.reconnects)
            await until(lambda: bitcoin.book.is_trusted and shares.book.is_trusted)
            assert bitcoin.book.best_bid.price > shares.book.best_bid.price
