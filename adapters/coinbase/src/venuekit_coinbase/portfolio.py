"""What the account holds: balances, positions by own fills, futures, fees and permissions, deposits and withdrawals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    ONE,
    ZERO,
    AccountId,
    AccountProfile,
    Balance,
    Clock,
    FillQuery,
    KeyPermission,
    OrderBook,
    Page,
    Position,
    VenuekitError,
    VenuePermission,
    minus,
    plus,
    ratio,
    times,
)
from venuekit_coinbase.api import Api
from venuekit_coinbase.history import MAX_PAGE, History
from venuekit_coinbase.holdings import Holding, Holdings, rounded
from venuekit_coinbase.instruments import VENUE, Instruments
from venuekit_coinbase.market import Market
from venuekit_coinbase.reading import amount, number, positive, rows, table, text
from venuekit_coinbase.transfers import Transfers

_TWO = Decimal(2)


class Portfolio:
    """One account, which is the portfolio that the key is bound to."""

    def __init__(
        self,
        api: Api,
        account: AccountId,
        environment: str,
        *,
        history: History,
        instruments: Instruments,
        market: Market,
        holdings: Callable[[str], Holdings],
        clock: Clock,
    ) -> None:
        """`holdings` opens what is kept of a portfolio, by its id at the venue."""
        self._api = api
        self._account = account
        self._environment = environment
        self._history = history
        self._instruments = instruments
        self._market = market
        self._open_holdings = holdings
        self._bound_to: str | None = None
        self._holdings = holdings("")
        self._clock = clock
        self._transfers = Transfers(api, account)

    async def begin(self) -> None:
        """See that the venue takes the key, and learn which portfolio it is bound to.

        Cost is kept by the portfolio's own id, so that two keys under one name never share it.

        Raises:
            Unavailable: no answer. VenuePermission: the key was not taken.
        """
        bound_to = text(await self._api.ask(self._api.sdk.get_api_key_permissions), "portfolio_uuid")
        if bound_to != self._bound_to:
            self._bound_to, self._holdings = bound_to, self._open_holdings(bound_to)

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero, sorted; wallets of one asset are added up."""
        available: dict[str, Decimal] = {}
        held: dict[str, Decimal] = {}
        async for page, _ in self._api.pages(self._api.sdk.get_accounts, "accounts", limit=MAX_PAGE):
            for row in page:
                asset = text(row, "currency")
                if not asset or row.get("active") is False or row.get("deleted_at"):
                    continue
                free, hold = table(row, "available_balance"), table(row, "hold")
                available[asset] = plus(available.get(asset, ZERO), number(free, "value"))
                held[asset] = plus(held.get(asset, ZERO), number(hold, "value"))
        return [
            Balance(
                venue=VENUE,
                account=self._account,
                asset=asset,
                total=plus(available[asset], held[asset]),
                available=available[asset],
                held=held[asset],
            )
            for asset in sorted(available)
            if available[asset] or held[asset]
        ]

    async def positions(self) -> Sequence[Position]:
        """What own fills add up to, valued at the market; futures as the venue has them."""
        await self._read_fills()
        futures = await self._futures()
        names = [
            name
            for name in self._holdings.products()
            if name not in futures and (self._holdings[name].size or self._holdings[name].realized)
        ]
        found = {name: await self._spot(name) for name in names}
        return [{**found, **futures}[name] for name in sorted({*found, *futures})]

    async def _read_fills(self) -> None:
        """Fold in the fills since the newest that is known; those of its own moment are told again."""
        since = self._holdings.newest_ns or None
        cursor: str | None = None
        new = []
        while True:
            page = await self._history.fills(FillQuery(start_ns=since, limit=MAX_PAGE, cursor=cursor))
            for fill in page.items:
                known = self._instruments.known(fill.instrument)
                new.append((fill, known.contract_size if known is not None else ONE))
            cursor = page.next_cursor
            if cursor is None:
                break
        self._holdings.fold(new)
        self._holdings.save()

    async def _spot(self, name: str) -> Position:
        holding = self._holdings[name]
        known = self._instruments.known(name)
        contract = known.contract_size if known is not None else ONE
        mark = await self._mark(name) if holding.size and known is not None else None
        value = None if mark is None else times(times(mark, holding.size), contract)
        signed_cost = holding.cost if holding.size >= 0 else -holding.cost
        return Position(
            venue=VENUE,
            account=self._account,
            instrument=name,
            quote=self._instruments.quote_of(name),
            size=holding.size,
            average_entry_price=holding.average(contract),
            realized_pnl=rounded(holding.realized),
            unrealized_pnl=None if value is None else rounded(minus(value, signed_cost)),
            mark_price=mark,
            fees_paid=holding.fees,
            updated_ns=holding.updated_ns,
        )

    async def _mark(self, name: str) -> Decimal | None:
        try:
            return _middle(await self._market.book(name, 1))
        except VenuekitError:
            return None  # a product that trades no more has no price: a position without a mark says so

    async def _futures(self) -> dict[str, Position]:
        """Positions of US futures; none where the account or the key has no part in them."""
        try:
            body = await self._api.ask(self._api.sdk.list_futures_positions)
        except VenuePermission:
            return {}
        found = {}
        for row in rows(body, "positions"):
            name, count = text(row, "product_id"), number(row, "number_of_contracts")
            if not name or not count:
                continue
            holding: Holding = self._holdings[name]
            found[name] = Position(
                venue=VENUE,
                account=self._account,
                instrument=name,
                quote=self._instruments.quote_of(name),
                size=-abs(count) if text(row, "side") == "SHORT" else abs(count),
                average_entry_price=positive(row, "avg_entry_price"),
                realized_pnl=rounded(holding.realized),
                unrealized_pnl=amount(row, "unrealized_pnl"),
                mark_price=positive(row, "current_price"),
                fees_paid=holding.fees,
                updated_ns=holding.updated_ns,
            )
        return found

    async def profile(self) -> AccountProfile:
        """Permissions of the key, and the fee tier as the venue reports it."""
        may = await self.permissions()
        fees = table(await self._api.ask(self._api.sdk.get_transaction_summary), "fee_tier")
        return AccountProfile(
            venue=VENUE,
            account=self._account,
            environment=self._environment,
            permissions=may,
            maker_fee_rate=amount(fees, "maker_fee_rate"),
            taker_fee_rate=amount(fees, "taker_fee_rate"),
            fee_tier=text(fees, "pricing_tier")[:60] or None,
        )

    async def permissions(self) -> tuple[KeyPermission, ...]:
        """What the key may do."""
        body: Mapping[str, Any] = await self._api.ask(self._api.sdk.get_api_key_permissions)
        named = (
            ("can_view", KeyPermission.VIEW),
            ("can_trade", KeyPermission.TRADE),
            ("can_transfer", KeyPermission.TRANSFER),
        )
        return tuple(permission for name, permission in named if body.get(name) is True)

    async def transfers(self, limit: int, cursor: str | None) -> Page[Any]:
        """Deposits and withdrawals, newest first."""
        return await self._transfers.page(limit, cursor)


def _middle(book: OrderBook) -> Decimal | None:
    if book.bids and book.asks:
        return ratio(plus(book.bids[0].price, book.asks[0].price), _TWO)
    best = book.bids or book.asks
    return best[0].price if best else None
