"""Everything that belongs to one wallet, wired: orders, fills, balances; what the session needs of it."""

from __future__ import annotations

import logging
from decimal import Decimal

from venuekit.adapter import VenueContext
from venuekit_polymarket.api import Api
from venuekit_polymarket.canceling import Canceling
from venuekit_polymarket.fees import terms_of
from venuekit_polymarket.finding import Finder
from venuekit_polymarket.history import History
from venuekit_polymarket.holdings import Holdings
from venuekit_polymarket.ledger import Ledger
from venuekit_polymarket.orders import QUOTE, Orders
from venuekit_polymarket.plan import Book
from venuekit_polymarket.portfolio import Portfolio
from venuekit_polymarket.preparing import Preparing
from venuekit_polymarket.records import Records
from venuekit_polymarket.sender import Markets, Sender
from venuekit_polymarket.standing import Standing
from venuekit_polymarket.trades import Own, Reader
from venuekit_polymarket.trading import Trading

log = logging.getLogger("venuekit.polymarket")


class OwnAccount:
    """The parts of one wallet. `book` asks for an outcome's book, and `reach` is how deep market orders may go."""

    def __init__(
        self,
        context: VenueContext,
        environment: str,
        api: Api,
        markets: Markets,
        book: Book,
        reach: Decimal,
    ) -> None:
        clock, account = context.clock, context.account
        self._api = api
        self._account = account
        self._markets = markets
        self._records = records = Records(context.data_dir / f"orders-{account}.db")
        self.standing = Standing(clock)
        self.orders = orders = Orders(account, records, clock)
        self.ledger = ledger = Ledger(api, records, markets.one)
        self.finder = finder = Finder(api, records, orders, ledger)
        self.holdings = holdings = Holdings(api, records)
        preparing = Preparing(api, orders, book, self.standing, clock, reach)
        sender = Sender(api, markets, preparing, records, orders, finder, ledger, holdings, self.standing)
        self.trading = Trading(api, markets, records, sender)
        self.canceling = Canceling(api, orders, finder, ledger, clock)
        self.history = History(records, orders, finder, ledger, markets)
        self.portfolio = Portfolio(
            api,
            account,
            environment,
            records=records,
            ledger=ledger,
            finder=finder,
            holdings=holdings,
            clock=clock,
        )

    async def open(self) -> None:
        """Open what is kept, and know who we are at the venue.

        Raises:
            Unavailable, VenuePermission, StoreDamaged.
        """
        self._records.open()
        credentials = await self._api.credentials()
        own = Own(wallet=self._api.key.wallet.address, api_key=credentials.key)
        self.ledger.begin(
            Reader(
                account=self._account,
                own=own,
                fees=lambda token: terms_of(self._markets.known(token)),
                quote=QUOTE,
                client_id_of=self._client_id_of,
            )
        )

    def _client_id_of(self, venue_order_id: str) -> str | None:
        kept = self._records.by_venue_id(venue_order_id)
        return None if kept is None else kept.order.client_order_id

    def sellable(self, token: str, on_chain: Decimal) -> Decimal:
        """Of the shares on the chain, those that can be sold now."""
        return self.holdings.sellable(token, on_chain)

    def interesting(self) -> set[str]:
        """Outcomes whose fate matters though nobody subscribed to them: what is ordered, and what was just traded."""
        if not self._records.is_open:
            return set()
        moving = {kept.fill.instrument for kept in self._records.pending()}
        return {order.instrument for order in self._records.unfinished()} | moving

    async def cancel_what_was_placed(self) -> None:
        """Cancel the open orders that were placed from here, and none that others placed with the same key."""
        mine = [order for order in self._records.unfinished() if order.client_order_id is not None]
        for result in await self.canceling.cancel_many(mine):
            if result.error_code is not None:
                log.warning("%s was not canceled on closing: %s", result.order.client_order_id, result.message)

    def close(self) -> None:
        """Close what is kept; safe to call twice."""
        self._records.close()
