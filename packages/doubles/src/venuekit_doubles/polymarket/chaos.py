"""How `venuekit chaos` exercises the Polymarket adapter: a double on the run's loop, its wire and its chain at fault.

A profile for ``venuekit chaos --venue polymarket --venue-profile venuekit_doubles.polymarket.chaos``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import Clock, Order
from venuekit_doubles import chaos
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.faults import ChainFault, Fault, Faults, StreamFault
from venuekit_doubles.polymarket.listings import MILLION, default_listings
from venuekit_doubles.polymarket.server import PolymarketDouble
from venuekit_doubles.polymarket.truth import Truth
from venuekit_doubles.polymarket.venue import Pace
from venuekit_doubles.polymarket.wallets import WalletKind
from venuekit_doubles.polymarket.watching import Watcher

D = Decimal
options: Mapping[str, Any] = {"environment": "sandbox"}
_SLUGS = ("fed-cuts-in-december", "will-alpha-be-nominated-in-2028", "nba-lal-bos-moneyline")
_LISTINGS = [listing for listing in default_listings() if listing.slug in _SLUGS]
_STANDARD, _NEG_RISK, _GAME = (listing.tokens for listing in _LISTINGS)
#: Both outcomes of one market, which trade in one book; one of negative risk, and one whose takers have to wait.
instruments = (*_STANDARD, _NEG_RISK[0], _GAME[0])
#: Shares of each outcome at the beginning: enough to sell some, and too few to sell what was bought and not settled.
_SHARES = 150
_FUNDS = D(10_000_000)

_POST = ("post_order",)
_CHANGES = (*_POST, *_POST, *_POST, *_POST, "cancel_order", "cancel_all")
_OWN_READS = (
    *("data_orders", "data_order", "data_trades", "data_trades"),
    *("balance_allowance", "balance_allowance_update", "closed_only"),
)
_READS = (*_OWN_READS, "data_positions", "book", "books", "clob_markets", "gamma_markets_keyset", "time")
_ANY = (*_CHANGES, *_READS)
_USER, _CHAIN = ("user",), ("chain",)

#: What goes wrong with a request, and at which endpoints; one that is named more often is hit more often.
wire_faults: Mapping[str, Sequence[str]] = {
    Fault.RATE_LIMITED: _ANY,
    Fault.SERVER_ERROR: _ANY,
    Fault.RESTARTING: _CHANGES,
    Fault.DISABLED: _POST,
    Fault.CANCEL_ONLY: _POST,
    Fault.POST_ONLY: _POST,
    Fault.FORBIDDEN_HTML: _ANY,
    Fault.BAD_GATEWAY_HTML: _ANY,
    Fault.UNAUTHORIZED: (*_CHANGES, *_OWN_READS),
    Fault.SILENCE: _ANY,
    Fault.RESET: _ANY,
    Fault.AFTER_SILENCE: _ANY,
    Fault.AFTER_RESET: _CHANGES,
    Fault.AFTER_SERVER_ERROR: _CHANGES,
    Fault.AFTER_TRUNCATED: _ANY,
    Fault.AFTER_THIN: _CHANGES,
    Fault.AFTER_HTML_WITH_200: _ANY,
}
#: What goes wrong with a frame of a channel, and with a trade that is about to be mined.
frame_faults: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(StreamFault, _USER),
    **dict.fromkeys(ChainFault, _CHAIN),
}
#: Not every order trades, and a trade is mined once.
seldom_channels: Sequence[str] = _CHAIN
#: What goes wrong with every stream at once.
stream_faults: Sequence[str] = (
    StreamFault.DROP,
    StreamFault.CLOSE,
    StreamFault.SILENCE,
    StreamFault.STALL,
    StreamFault.GARBAGE,
)
#: The venue numbers nothing: a frame that is lost is missed by nobody, nor is a stream that only answers pings as long
#: as there is nothing that it would have to tell.
unnoticed_faults: Sequence[str] = (StreamFault.LOSE, StreamFault.STALL)
#: An order that was canceled before it traded is not listed, and is in no trade.
forgets_unfilled = True
#: Until a stream that tells nothing is given up, and an order that is not listed any more is taken for over.
quiet_seconds = 75.0


class GatedFaults(Faults, chaos.GatedFaults[Fault, StreamFault]):
    """Faults by a gate, those of the chain too."""

    def __init__(self, gate: chaos.Gate) -> None:
        chaos.GatedFaults.__init__(self, gate, Fault, StreamFault, _USER)

    def mining(self) -> ChainFault | None:
        """See `Faults.mining`."""
        name = self._gate.telling("chain")
        return None if name is None else ChainFault(name)


class Exchange(chaos.Exchange):
    """The double of one schedule; `seed` chooses the wallet's kind and how long the chain takes."""

    def __init__(self, gate: chaos.Gate, *, clock: Clock, seed: int) -> None:
        self._timeout = (0.3, 0.6, 3.0)[seed % 3]
        self._double = PolymarketDouble(
            secure=True,
            clock=clock,
            kind=WalletKind(seed % len(WalletKind)),
            cash=_FUNDS,
            listings=_LISTINGS,
            pace=Pace(settle=(0.1, 0.5, 1.0, 6.0)[seed // 2 % 4], delay=(0.3, 3.0)[seed % 2], ping=4.0),
            seed=seed % 5,
            window_seconds=40,
            faults=GatedFaults(gate),
        )
        super().__init__(self._double)
        who = self._double.account
        self.secrets = (who.private_key.removeprefix("0x"), who.credentials.secret, who.credentials.passphrase)

    @property
    def options(self) -> Mapping[str, Any]:
        """See `chaos.Exchange.options`."""
        return {
            **self._double.desk_options(),
            "timeout_seconds": self._timeout,
            "connect_timeout_seconds": self._timeout,
            "ping_seconds": 1.0,
            "pong_timeout_seconds": 0.8,
            "stream_check_seconds": 3.0,
        }

    def _truth(self) -> Truth:
        venue, who = self._double.venue, self._double.account
        venue.service.post_only_seconds = 2
        for listing in _LISTINGS:
            for token in listing.tokens:
                venue.ledger.give(who.wallet, token, _SHARES * MILLION)
        self._watcher = Watcher(venue, who)
        return Truth(venue, who, instruments)

    def sent(self, orders: Sequence[Order]) -> None:
        """See `chaos.Exchange.sent`."""
        who = self._double.account
        self.truth.asked = {salt(who, order.client_order_id or ""): order for order in orders}

    @property
    def complaints(self) -> Sequence[str]:
        """See `chaos.Exchange.complaints`."""
        return self._watcher.complaints

    async def strike(self, fault: str) -> None:
        """See `chaos.Exchange.strike`."""
        for channel in (self._double.venue.market_channel, self._double.venue.user_channel):
            channel.sockets.fail(StreamFault(fault))


def salt(account: Account, client_order_id: str) -> int:
    """What the adapter makes an order one of a kind with: of its id, so that both sides know whose order it is."""
    digest = hashlib.sha256(f"{account.wallet}:{client_order_id}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 11


def exchange(gate: chaos.Gate, *, clock: Clock, seed: int) -> Exchange:
    """The venue of one schedule."""
    return Exchange(gate, clock=clock, seed=seed)
