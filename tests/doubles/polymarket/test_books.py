"""Books over the wire are the exchange's, whatever is traded, and money and shares come from nowhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venuekit.adapter import Side
from venuekit_doubles.clock import WallClock
from venuekit_doubles.polymarket import Account, Pace, Refusal, default_listings, words
from venuekit_doubles.polymarket.faults import Faults
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.market_channel import MarketConnection
from venuekit_doubles.polymarket.records import TradeState
from venuekit_doubles.polymarket.venue import Venue
from venuekit_doubles.record import Record

D = Decimal
FED = "fed-cuts-in-december"
PEOPLE = [Account.named("trader"), Account.named("counterparty"), Account.named("third")]
STATES = (TradeState.FAILED, TradeState.RETRYING)

_orders = st.tuples(
    st.just("order"),
    st.integers(0, 2),
    st.integers(0, 1),
    st.sampled_from(Side),
    st.integers(40, 80),
    st.integers(500, 40_000),
    st.sampled_from(["GTC", "FAK", "FOK"]),
)
_steps = st.tuples(st.sampled_from(["cancel", "step", "settle", "fail", "split"]), st.integers(0, 50))


def _well() -> None:
    """Nothing goes wrong with a frame."""


class _Told(MarketConnection):
    """A subscriber's books, as the channel told them."""

    def __init__(self, venue: Venue) -> None:
        super().__init__(
            cast("Any", None), cast("Any", None), 60.0, venue.market_channel.sockets.begun, _well, venue.clob
        )
        self.books: dict[str, dict[str, dict[Decimal, Decimal]]] = {}
        venue.market_channel.sockets.open.append(self)
        self.asked({"type": "market", "assets_ids": list(venue.market(FED).tokens)})

    def tell(self, frame: Any) -> None:
        for event in frame if isinstance(frame, list) else [frame]:
            if event["event_type"] == "book":
                self.books[event["asset_id"]] = {
                    side: {D(x["price"]): D(x["size"]) for x in event[side]} for side in ("bids", "asks")
                }
            elif event["event_type"] == "price_change":
                for change in event["price_changes"]:
                    side = self.books[change["asset_id"]]["bids" if change["side"] == "BUY" else "asks"]
                    side[D(change["price"])] = D(change["size"])
                    if not D(change["size"]):
                        del side[D(change["price"])]


def _do(venue: Venue, what: Any) -> None:
    token_ids = venue.market(FED).tokens
    if what[0] == "order":
        _, who, token, side, cents, size, kind = what
        try:
            venue.order(PEOPLE[who], token_ids[token], side, D(cents) / 100, D(size) / 100, kind)
        except Refusal:
            return
    elif what[0] == "cancel":
        waiting = venue.clob.open_orders()
        if waiting:
            venue.clob.cancel(waiting[what[1] % len(waiting)])
    elif what[0] == "step":
        venue.clob.step(venue.clob.now_ns() + 1)
    elif what[0] == "settle":
        venue.clob.settlement.step_all()
    elif what[0] == "fail":
        venue.clob.settlement.misfortunes.append(STATES[what[1] % 2])
    else:
        venue.ledger.split(PEOPLE[what[1] % 3].wallet, venue.market(FED), 1_000_000, 0)


@pytest.mark.anyio
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(_orders, _steps), max_size=30))
async def test_books_told_and_asked_are_the_exchanges_and_nothing_is_made_or_lost(steps: list[Any]) -> None:
    listings = [listing for listing in default_listings() if listing.slug == FED]
    pace = Pace(settle=None, moving=False)
    venue = Venue(listings, WallClock(), pace, seed=7, window=60, page=100, faults=Faults(), record=Record())
    for account in PEOPLE:
        venue.open_account(account, D(5_000))
    market, told = venue.market(FED), _Told(venue)
    for token in market.tokens:
        venue.ledger.give(PEOPLE[0].wallet, token, 300_000_000)
    before = {asset: venue.ledger.supply(asset) for asset in (CASH, *market.tokens)}
    minted = 0
    for what in steps:
        _do(venue, what)
        minted += 1_000_000 if what[0] == "split" else 0
    for n, token in enumerate(market.tokens):
        bids, asks = venue.clob.books.levels(market, n)
        asked = words.book(venue.clob.books, market, n)
        for side, levels in (("bids", bids), ("asks", asks)):
            exact = {D(p).scaleb(-4): D(size).scaleb(-6) for p, size in levels}
            assert {D(x["price"]): D(x["size"]) for x in asked[side]} == exact
            assert told.books[token][side] == exact
        assert [p for p, _ in bids] == sorted({p for p, _ in bids}, reverse=True)
        assert not bids or not asks or bids[0][0] < asks[0][0]
    for _ in range(3):
        venue.clob.settlement.misfortunes.clear()
        venue.clob.settlement.step_all()
    changed = {asset: venue.ledger.supply(asset) - amount for asset, amount in before.items()}
    assert changed[market.tokens[0]] == changed[market.tokens[1]]
    assert changed[CASH] == -changed[market.tokens[0]]
    for account in PEOPLE:
        assert all(venue.ledger.balance(account.wallet, asset) >= 0 for asset in (CASH, *market.tokens))
        assert all(venue.ledger.promised(account.wallet, asset) == 0 for asset in (CASH, *market.tokens))
