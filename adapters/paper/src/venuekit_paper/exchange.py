"""The exchange: instruments, books, accounts; synchronous, without a clock, every command carries its time."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    Balance,
    CancelResult,
    Instrument,
    InstrumentEvent,
    InstrumentKind,
    InstrumentStatus,
    InsufficientFunds,
    InvalidValue,
    Order,
    OrderAlreadyDone,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
    Ticker,
    TimeInForce,
    Trade,
    Transfer,
    TransferKind,
    UnknownInstrument,
    plain,
)
from venuekit_paper import views
from venuekit_paper.acceptance import accepted, check_funds
from venuekit_paper.accounts import Account
from venuekit_paper.amending import amend
from venuekit_paper.expiries import Expiries
from venuekit_paper.fees import Fees, FeeSchedule
from venuekit_paper.funding import fund
from venuekit_paper.history import History
from venuekit_paper.liquidation import call_margin
from venuekit_paper.lookup import done, repeated, still_open
from venuekit_paper.market import Market
from venuekit_paper.matching import Matcher
from venuekit_paper.orders import PaperOrder, to_model
from venuekit_paper.reports import TRADES_KEPT, Reporter, outcome
from venuekit_paper.scale import LEAST_DIGITS, Scale, add_digits, asset_digits, out

_DAY_NS = 86_400_000_000_000


class Exchange:
    """A deterministic exchange. The same commands in the same order give the same state, to the last digit.

    Finished orders, fills and transfers go to `history`, in memory unless one is given.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        fees: FeeSchedule,
        *,
        venue: str = "paper",
        history: History | None = None,
        least_digits: int = LEAST_DIGITS,
    ) -> None:
        self.venue = venue
        self._least_digits = least_digits
        self.places = asset_digits(instruments, least_digits)
        self.markets: dict[str, Market] = {}
        self._aliases: dict[str, str] = {}
        for i in instruments:
            self._open(i)
        self.matcher = Matcher(Fees(fees))
        self.history = history or History(None)
        self.reporter = Reporter(venue, self.history)
        self.reporter.tape = {i: deque(maxlen=TRADES_KEPT) for i in self.markets}
        self.accounts: dict[str, Account] = {}
        self.number = 0
        self.transfer_number = 0
        self.now_ns = 0
        self.expiries = Expiries()

    def _open(self, instrument: Instrument) -> None:
        market = self.markets[instrument.id] = Market(Scale(instrument, self.places))
        if instrument.kind is InstrumentKind.BINARY_OUTCOME:
            self.places[market.base] = market.scale.lot_digits
        if instrument.alias:
            self._aliases[instrument.alias] = instrument.id

    def add(self, instrument: Instrument) -> None:
        """List one more instrument; one that is listed stays. Raises Unsupported: accounts count coarser than it."""
        if instrument.id not in self.markets:
            add_digits(self.places, instrument, self._least_digits)
            self._open(instrument)
            self.reporter.tape[instrument.id] = deque(maxlen=TRADES_KEPT)

    # -- a command's frame

    @contextmanager
    def at(self, time_ns: int) -> Iterator[None]:
        """A command: first what its time brings, then what the block does, then what follows from it, then the telling.

        Time never goes back. A refusal from the block is told of like any other outcome.
        """
        before, self.now_ns = self.now_ns, max(self.now_ns, time_ns)
        matcher = self.matcher
        matcher.reports, matcher.now_ns = [], self.now_ns
        try:
            for order in self.expiries.due(self.now_ns):
                order.reason = "its time was over"
                matcher.finish(order, OrderStatus.EXPIRED)
            fund(self, before, self.now_ns)
            yield
        finally:
            while matcher.margin_moved:
                call_margin(self)
                for market in self.markets.values():
                    self.fire(market)
            for market in self.markets.values():
                if market.moved:
                    market.moved = False
                    market.sequence += 1
            self.reporter.publish(matcher.reports, self.now_ns)

    @property
    def outcome(self) -> str:
        """What the last command did, as text: equal texts are equal outcomes."""
        return f"{self.number},{self.transfer_number};{outcome(self.matcher.reports)}"

    def fire(self, market: Market) -> None:
        """Let every trigger go off that the last trade has reached."""
        matcher = self.matcher
        while (market.stops_up or market.stops_down) and (order := market.due()) is not None:
            matcher.release(order)
            if order.resting:
                matcher.unbook(order)
            if order.at_market:
                # It trades at the book's prices, which may be worse than its stop: that must still be paid.
                _, money = matcher.reachable(market, order.side, 0, order.left, order.account)
                try:
                    check_funds(matcher, self.markets, order, order.left, money)
                except InsufficientFunds as error:
                    order.why, order.reason = error.code, error.message
                    matcher.finish(order, OrderStatus.CANCELED)
                    continue
            matcher.trade(order)

    # -- accounts

    def open_account(
        self, account: str, deposits: Mapping[str, Decimal], time_ns: int, *, house: bool = False
    ) -> Account:
        """Make an account with its first deposits; one that exists is left as it is."""
        if account not in self.accounts:
            self.accounts[account] = Account(account, self.places, house=house)
            for asset, amount in deposits.items():
                if amount:
                    self.deposit(account, asset, amount, time_ns)
        return self.accounts[account]

    def deposit(self, account: str, asset: str, amount: Decimal, time_ns: int) -> Transfer:
        """Put money in. Raises InvalidValue for more decimal places than the asset has."""
        scaled = amount.scaleb(self.places.setdefault(asset, LEAST_DIGITS))
        if amount <= 0 or scaled != int(scaled):
            raise InvalidValue(
                f"{plain(amount)} {asset} is not an amount above 0 of at most {self.places[asset]} decimal places.",
                field=asset,
            )
        self.now_ns = max(self.now_ns, time_ns)
        owner = self.account(account)
        owner.total[asset] += int(scaled)
        return self.transferred(owner, TransferKind.DEPOSIT, asset, int(scaled), None)

    def transferred(
        self, account: Account, kind: TransferKind, asset: str, amount: int, instrument: str | None
    ) -> Transfer:
        """Write down a movement of money that was made."""
        self.transfer_number += 1
        transfer = Transfer(
            id=str(self.transfer_number),
            venue=self.venue,
            account=account.name,
            kind=kind,
            asset=asset,
            amount=out(amount, self.places[asset]),
            time_ns=self.now_ns,
            instrument=instrument,
        )
        self.history.add_transfer(self.transfer_number, transfer)
        return transfer

    def account(self, name: str) -> Account:
        """An account by name. Raises InvalidValue when there is none."""
        found = self.accounts.get(name)
        if found is None:
            raise InvalidValue(f"There is no account {name[:60]!r}.", field="account")
        return found

    def market(self, instrument: str) -> Market:
        """A market by id or alias. Raises UnknownInstrument."""
        found = self.markets.get(instrument) or self.markets.get(self._aliases.get(instrument, ""))
        if found is None:
            near = difflib.get_close_matches(instrument.upper(), [*self.markets, *self._aliases], n=3, cutoff=0.4)
            raise UnknownInstrument(
                f"No instrument {instrument[:60]!r} on the paper exchange.",
                fix=f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(sorted(self.markets))}.",
                field="instrument",
                details={"near": near},
            )
        return found

    # -- orders

    def place(self, account: str, request: OrderRequest, time_ns: int) -> Order:
        """Place an order; the same client order id with the same order returns the existing one.

        Raises:
            UsageError: price, size or id. Rejected: funds, post-only, reduce-only, status, liquidity.
        """
        owner = self.account(account)
        with self.at(time_ns):
            market = self.market(request.instrument)
            if request.instrument != market.id:
                request = attrs.evolve(request, instrument=market.id)
            before = repeated(owner, request, self.history, self.venue)
            if before is not None:
                return before
            order = accepted(self.matcher, self.markets, owner, request, self.number + 1, self.now_ns)
            self._register(order)
            if order.type in (OrderType.STOP, OrderType.STOP_LIMIT):
                self.matcher.wait(order)
            else:
                if order.type is OrderType.BRACKET:
                    market.arm(order)
                self.matcher.trade(order)
            self.fire(market)
        return to_model(order, self.venue)

    def _register(self, order: PaperOrder) -> None:
        self.number = order.number
        order.account.open[order.number] = order
        if order.client_id is not None:
            order.account.by_client_id[order.client_id] = order
        until = (self.now_ns // _DAY_NS + 1) * _DAY_NS if order.tif is TimeInForce.DAY else order.expires_ns
        if until is not None:
            self.expiries.add(until, order)

    def new_order(
        self, account: Account, market: Market, side: int, type_: OrderType, lots: int, price: int
    ) -> PaperOrder:
        """An order that no request asked for, open but not entered: the simulator's and the liquidator's."""
        self.number += 1
        order = PaperOrder(self.number, account, market, side, type_, lots, price, self.now_ns)
        order.hold_price = price
        account.open[order.number] = order
        return order

    def cancel(self, account: str, ref: OrderRef, time_ns: int) -> Order:
        """Cancel an open order. Raises UnknownOrder, OrderAlreadyDone."""
        with self.at(time_ns):
            order = still_open(self.account(account), ref, self.history)
            order.reason = "canceled by the account"
            self.matcher.finish(order, OrderStatus.CANCELED)
        return to_model(order, self.venue)

    def cancel_all(self, account: str, instrument: str | None, time_ns: int) -> list[CancelResult]:
        """Cancel every open order of an account, conditional ones too."""
        results = []
        with self.at(time_ns):
            only = None if instrument is None else self.market(instrument)
            for order in list(self.account(account).open.values()):
                if only is None or order.market is only:
                    order.reason = "canceled with all others"
                    self.matcher.finish(order, OrderStatus.CANCELED)
                    results.append(CancelResult(OrderRef(str(order.number), order.client_id, order.market.id)))
        return results

    def amend(
        self,
        account: str,
        ref: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
        time_ns: int,
    ) -> Order:
        """Change an open order. A smaller size at the same price keeps its place in the queue; all else loses it.

        Raises:
            UnknownOrder, OrderAlreadyDone, InvalidPrice, InvalidSize, InsufficientFunds, PostOnlyWouldCross.
        """
        with self.at(time_ns):
            order = still_open(self.account(account), ref, self.history)
            amend(self.matcher, self.markets, order, size, price, stop_price)
            self.fire(order.market)
        return to_model(order, self.venue)

    # -- time, marks, status

    def advance(self, time_ns: int) -> None:
        """Let time pass: orders whose time is over expire, funding is paid."""
        with self.at(time_ns):
            pass

    def set_status(self, instrument: str, status: InstrumentStatus, time_ns: int) -> None:
        """Open, close or halt a market; resting orders stay."""
        with self.at(time_ns):
            self.change_instrument(self.market(instrument), status=status)

    def change_instrument(self, market: Market, payout: Decimal | None = None, **changes: Any) -> None:
        """Change a market's rules, and tell."""
        market.scale.instrument = attrs.evolve(market.scale.instrument, **changes)
        if self.reporter.listener is not None:
            self.reporter.listener(
                InstrumentEvent(
                    venue=self.venue,
                    instrument=market.id,
                    time_ns=self.now_ns,
                    changed=market.scale.instrument,
                    payout=None if payout is None else plain(payout),
                )
            )

    def set_fees(self, schedule: FeeSchedule, time_ns: int) -> None:
        """Charge other fees from now on; open orders hold what they may cost now, or are canceled."""
        with self.at(time_ns):
            matcher = self.matcher
            waiting = [o for a in self.accounts.values() for o in a.open.values()]
            for order in waiting:
                matcher.release(order)
            old = matcher.fees.denominator
            matcher.fees = Fees(schedule, at_least=old)
            for order in waiting:
                order.fee_parts *= matcher.fees.denominator // old
                try:
                    check_funds(
                        matcher, self.markets, order, order.left, order.left * order.hold_price * order.market.unit
                    )
                except InsufficientFunds as error:
                    order.why, order.reason = error.code, error.message
                    matcher.finish(order, OrderStatus.CANCELED)
                else:
                    matcher.hold(order)

    def set_mark(self, instrument: str, price: Decimal, time_ns: int) -> None:
        """The price at which positions are valued; on margin it may call for some."""
        with self.at(time_ns):
            market = self.market(instrument)
            market.mark = int(price.scaleb(market.scale.price_digits))
            self.matcher.margin_moved = market.margined

    # -- reading

    def order(self, account: str, ref: OrderRef) -> Order:
        """One order, open or done. Raises UnknownOrder."""
        owner = self.account(account)
        try:
            return to_model(still_open(owner, ref, self.history), self.venue)
        except OrderAlreadyDone:
            return done(owner, ref, self.history)

    def open_orders(self, account: str, instrument: str | None = None) -> list[Order]:
        """Every open order, oldest first."""
        only = None if instrument is None else self.market(instrument)
        found = self.account(account).open.values()
        return [to_model(o, self.venue) for o in found if only is None or o.market is only]

    def balances(self, account: str) -> list[Balance]:
        """Assets with a total or a hold."""
        return views.balances(self.account(account), self.venue)

    def positions(self, account: str) -> list[Position]:
        """Positions with a size or realized profit."""
        return views.positions(self.account(account), self.markets, self.venue)

    def book(self, instrument: str, depth: int) -> OrderBook:
        """The best `depth` levels of each side."""
        return views.book(self.market(instrument), depth, self.venue, self.now_ns)

    def ticker(self, instrument: str) -> Ticker:
        """Best prices and the last trade."""
        market = self.market(instrument)
        tape = self.reporter.tape[market.id]
        return views.ticker(market, tape[-1] if tape else None, self.venue, self.now_ns)

    def trades(self, instrument: str, limit: int) -> list[Trade]:
        """The latest public trades, newest first."""
        market = self.market(instrument)
        tape = self.reporter.tape[market.id]
        return [self.reporter.trade(market, tape[-n]) for n in range(1, min(limit, len(tape)) + 1)]
