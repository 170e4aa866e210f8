"""A call through our Polymarket adapter beside the same through the official client as it is shipped, at a double."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import beside
from polymarket import AsyncSecureClient
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.models.clob import ApiKeyCreds
from report import Row

from venuekit.adapter import LimitOrder, Side, VenueContext
from venuekit.watch.clock import SystemClock
from venuekit_polymarket.adapter import PolymarketVenue

POLYMARKET = beside.Venue(
    name="Polymarket",
    client="official client",
    client_many="official client",
    latency_budget=1,
    throughput_budget=1,
    blocks=False,
)
MARKET = "fed-cuts-in-december"
PRICE, SIZE = Decimal("0.02"), Decimal(5)
LISTED = 100
#: Tokens are numbers of some 77 digits.
TOKENS = 10**76
#: A server that answers at once answers this where nobody looks at it.
NOTHING: Mapping[str, Any] = {"data": [], "next_cursor": "LTE="}
#: Where an option of ours is another name than the client's.
NAMES = {"clob_url": "clob_url", "gamma_url": "gamma_url", "data_url": "data_url", "relayer_url": "relayer_url"}


@asynccontextmanager
async def _venue(options: Mapping[str, Any], folder: Path, **other: Any) -> AsyncIterator[PolymarketVenue]:
    given = {**options, "book_ttl_seconds": 0, "listed_markets": LISTED, **other}
    venue = PolymarketVenue(VenueContext(clock=SystemClock(), data_dir=folder, account="bench", options=given))
    await venue.connect()
    try:
        yield venue
    finally:
        await venue.close()


@asynccontextmanager
async def _client(options: Mapping[str, Any]) -> AsyncIterator[AsyncSecureClient]:
    """The client as it comes: the environment is the one way to tell it whom to trust that changes nothing of it."""
    os.environ["SSL_CERT_FILE"] = options["ca_file"]
    # Its HTTP library looks for trio with every request, which takes it long where a workspace has many folders.
    sys.modules.setdefault("trio", None)  # type: ignore[arg-type]
    config = dataclasses.replace(PRODUCTION_CONFIG, **{theirs: options[ours] for ours, theirs in NAMES.items()})
    credentials = ApiKeyCreds(
        key=options["api_key"], secret=options["api_secret"], passphrase=options["api_passphrase"]
    )
    client = await AsyncSecureClient.create(
        private_key=options["private_key"],
        wallet=options["funder"],
        environment=create_environment(name="bench", config=config),
        credentials=credentials,
    )
    try:
        yield client
    finally:
        await client.close()


class Calls:
    """The same calls of both; orders have numbers of their own."""

    def __init__(self, venue: PolymarketVenue, client: AsyncSecureClient, token: str, others: Sequence[str]) -> None:
        self._venue = venue
        self._client = client
        self._token = token
        self._numbers = iter(range(1_000_000))
        self._others = itertools.cycle(others), itertools.cycle(others)

    async def our_book(self) -> None:
        """A book, by the adapter; of another outcome each time, since what many want at once is asked for once."""
        await self._venue.order_book(next(self._others[0]))

    async def their_book(self) -> None:
        """The same by the client."""
        await self._client.get_order_book(asset_id=next(self._others[1]))

    async def our_order(self) -> None:
        """An order that rests, by the adapter: written down before it is sent, and with its answer."""
        await self._venue.submit(
            LimitOrder(
                instrument=self._token,
                side=Side.BUY,
                size=SIZE,
                price=PRICE,
                post_only=True,
                client_order_id=f"ours-{next(self._numbers)}",
            )
        )

    async def their_order(self) -> None:
        """The same by the client, which remembers nothing."""
        signed = await self._client.create_limit_order(
            asset_id=self._token, price=PRICE, size=SIZE, side="BUY", post_only=True
        )
        await self._client.post_order(signed)

    async def their_markets(self) -> None:
        """A page of markets, by the client."""
        await self._client.list_markets(
            closed=False, order="volume24hr", ascending=False, page_size=LISTED
        ).first_page()


async def _rows(options: Mapping[str, Any], folder: Path, where: str, one: int, many: int) -> list[Row]:
    async with (
        _venue(options, folder) as venue,
        _venue(options, folder / "forgetful", markets_ttl_seconds=0.000001) as forgetful,
        _client(options) as client,
    ):
        others = [instrument.id for instrument in await venue.instruments()]
        for name in others:
            await venue.instrument(name)
        calls = Calls(venue, client, (await venue.instrument(f"{MARKET}:YES")).id, others)
        listing = await POLYMARKET.compare(f"list markets{where}", forgetful.instruments, calls.their_markets, one // 3)
        return [
            *listing,
            *await POLYMARKET.compare(
                f"get a book{where}",
                calls.our_book,
                calls.their_book,
                one,
                many if len(others) >= beside.CALLERS else 0,
            ),
            *await POLYMARKET.compare(
                f"place an order{where}", calls.our_order, calls.their_order, one // 2, many // 2
            ),
        ]


async def _told(options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What a server that answers at once has: the double's words, and a page full of its market."""
    async with _venue(options, folder) as venue:
        instrument = await venue.instrument(f"{MARKET}:YES")
        [market] = (await venue.api.gamma("/markets/keyset", slug=[MARKET]))["markets"]
        condition = instrument.metadata["condition_id"]
        more = [
            market
            | {
                "conditionId": f"0x{number:064x}",
                "slug": f"market-{number}",
                "clobTokenIds": f'["{TOKENS + 2 * number}", "{TOKENS + 2 * number + 1}"]',
            }
            for number in range(1, LISTED)
        ]
        return {
            "/": NOTHING,
            "/auth/api-keys": {"apiKeys": [options["api_key"]]},
            "/time": venue.clock.now_ns() // 10**9,
            "/book": await venue.api.clob("/book", token_id=instrument.id),
            "/clob-markets/": await venue.api.clob(f"/clob-markets/{condition}"),
            "/markets-by-token/": await venue.api.clob(f"/markets-by-token/{instrument.id}"),
            "/gamma/markets/keyset": {"markets": [market, *more]},
        }


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """List markets, get a book, place an order: the adapter's call, parsed and recorded, and the client's."""
    del peers
    (folder / "forgetful").mkdir()
    with beside.double("polymarket", folder) as options:
        found = asyncio.run(_rows(options, folder, "", 100, 200))
        (folder / "at_once" / "forgetful").mkdir(parents=True)
        answers = asyncio.run(_told(options, folder))
        with beside.at_once("polymarket_at_once.py", options["ca_file"], answers) as port:
            here = {**options, **dict.fromkeys(NAMES, f"https://127.0.0.1:{port}")}
            here["gamma_url"] += "/gamma"
            where = ", of a server that answers at once"
            found += asyncio.run(_rows(here, folder / "at_once", where, 200, 400))
    return found
