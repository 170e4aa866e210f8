"""What is at stake now, kept up to date event by event: the `RiskView` of every check."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal

from venuekit.books.totals import Totals
from venuekit.model.account import Balance, Position
from venuekit.model.identity import AgentId, InstrumentId
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import BUY, SELL, Side
from venuekit.model.money import ZERO, minus, plus, ratio, times
from venuekit.model.order import EXPOSED, Fill, Order
from venuekit.protocols.clock import Clock
from venuekit.protocols.risk import Fingerprint, Quote, TradingState

_DOLLARS = frozenset({"USD", "USDC", "USDT", "PUSD", "pUSD"})
_DAY_NS = 86_400_000_000_000
_WINDOW_NS = 60_000_000_000
#: A time of day that moved so much more than the steady time was set, or the machine slept.
_JUMP_NS = 60_000_000_000
_TWO = Decimal(2)
_NO_NUMBER = Decimal("NaN")
_SPOT = InstrumentKind.SPOT


def worth_the_same(currency: str) -> frozenset[str]:
    """The assets that count as this currency, it among them."""
    return _DOLLARS if currency in _DOLLARS else frozenset({currency})


def unit_of(currency: str) -> str:
    """The one name that a currency and all that count as it have in common."""
    return "USD" if currency in _DOLLARS else currency


def _finite(amount: Decimal) -> Decimal:
    """`amount`, or NaN for what is no number: every comparison with it refuses."""
    return amount if amount.is_finite() else _NO_NUMBER


class Exposure:
    """A `RiskView` in the desk's currency. Every update and every question takes constant time."""

    def __init__(self, clock: Clock, currency: str) -> None:
        self._clock = clock
        self._money = worth_the_same(currency)
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._spot_of_asset: dict[str, InstrumentId] = {}
        self._quotes: dict[InstrumentId, Quote] = {}
        self._sizes: dict[InstrumentId, Decimal] = {}
        self._costs: dict[InstrumentId, Decimal] = {}
        self._balances: dict[str, Balance] = {}
        self._orders: dict[str, tuple[InstrumentId, Side, Decimal]] = {}
        self._claims: dict[str, Totals] = {}
        self._claimed: dict[str, str] = {}
        self._margins: dict[str, Totals] = {}
        self._open_size: dict[tuple[InstrumentId, Side], Decimal] = {}
        self._open_count: dict[InstrumentId, int] = {}
        self._open_value = {BUY: Totals(), SELL: Totals()}
        self._values = Totals()
        self._equity = Totals()
        self._have_balances = False
        self._sent: deque[tuple[int, AgentId]] = deque()
        self._sent_by: dict[AgentId, deque[int]] = {}
        self._prints: dict[Fingerprint, int] = {}
        self._state = TradingState.ACTIVE
        self._state_reason = ""
        self._day = -1
        self._day_start: Decimal | None = None
        #: The time of day and the steady time when that figure was taken.
        self._day_seen = (0, 0)

    # -- updates

    def set_instruments(self, instruments: Iterable[Instrument]) -> None:
        """What can be traded, and by which rules."""
        for instrument in instruments:
            self._instruments[instrument.id] = instrument
            if instrument.kind is _SPOT and instrument.quote in self._money:
                self._spot_of_asset[instrument.base] = instrument.id

    def on_quote(self, instrument: InstrumentId, quote: Quote) -> None:
        """New prices."""
        self._quotes[instrument] = quote
        self._revalue(instrument)

    def set_balances(self, balances: Iterable[Balance]) -> None:
        """What the venue says we have; replaces what was known."""
        fresh = {b.asset: b for b in balances}
        for asset in set(self._balances) - set(fresh):
            self._equity.remove(f"asset {asset}")
        self._balances = fresh
        self._have_balances = True
        for asset in fresh:
            self._revalue_asset(asset)

    def set_positions(self, positions: Iterable[Position], costs: Mapping[InstrumentId, Decimal]) -> None:
        """Signed sizes, and what each cost in quote; replaces what was known."""
        sizes = {p.instrument: _finite(p.size) for p in positions}
        touched = set(self._sizes) | set(sizes)
        self._sizes, self._costs = sizes, {name: _finite(cost) for name, cost in costs.items()}
        for instrument in touched:
            self._revalue(instrument)

    def on_fill(self, fill: Fill, size: Decimal, cost: Decimal, direction: int, realized: Decimal = ZERO) -> None:
        """An execution: the position is `size` afterwards and cost `cost`; balances move at once.

        `realized` is what it added to the profit taken, which a derivative pays out: one that is told late changes
        what later ones took. `direction` is 1 for a fill that is new, -1 for one that is undone, 0 for the
        confirmation of a known one.
        """
        self._sizes[fill.instrument], self._costs[fill.instrument] = size, cost
        if self._have_balances:
            self._pay(fill, direction, realized)
        self._revalue(fill.instrument)

    def _pay(self, fill: Fill, direction: int, realized: Decimal) -> None:
        instrument = self._instruments.get(fill.instrument)
        if instrument is not None and instrument.is_derivative and realized:
            self._move(instrument.settle, realized)
        if direction:
            if instrument is not None and not instrument.is_derivative:
                signed = fill.size if fill.side.sign * direction > 0 else -fill.size
                self._move(instrument.quote, -times(fill.price, signed))
                if instrument.kind is _SPOT:
                    self._move(instrument.base, signed)
            self._move(fill.fee_asset, -fill.fee if direction > 0 else fill.fee)

    def _move(self, asset: str, amount: Decimal) -> None:
        known = self._balances.get(asset)
        if known is None:
            if not self._balances:
                return
            known = next(iter(self._balances.values()))
            known = Balance(
                venue=known.venue, account=known.account, asset=asset, total=ZERO, available=ZERO, held=ZERO
            )
        self._balances[asset] = Balance(
            venue=known.venue,
            account=known.account,
            asset=asset,
            total=plus(known.total, amount),
            available=plus(known.available, amount),
            held=known.held,
        )
        self._revalue_asset(asset)

    def on_order(self, order: Order, worst_price: Decimal | None = None) -> None:
        """An order changed: it counts while it may still cost money."""
        key = order.id
        before = self._orders.pop(key, None)
        if before is not None:
            instrument, side, size = before
            self._open_size[instrument, side] = minus(self._open_size[instrument, side], size)
            self._open_count[instrument] -= 1
            self._open_value[side].remove(key)
            asset = self._claimed.pop(key, None)
            if asset is not None:
                self._claims[asset].remove(key)
        if order.status not in EXPOSED:
            return
        left = order.remaining
        if left is not None and left < 0:
            left = ZERO  # filled for more than was asked: that frees nothing for others
        price = order.price if order.price is not None else worst_price
        known = self._instruments.get(order.instrument)
        if left is None:
            value, left = order.quote_size, ZERO
        elif price is None or known is None:
            value = self._mark_value(order.instrument, left)
        else:
            value = times(times(left, price), known.contract_size)
        if known is not None and known.quote not in self._money:
            value = None
        self._orders[key] = (order.instrument, order.side, left)
        at = (order.instrument, order.side)
        self._open_size[at] = plus(self._open_size.get(at, ZERO), left)
        self._open_count[order.instrument] = self._open_count.get(order.instrument, 0) + 1
        self._open_value[order.side].put(key, value)
        if known is not None and not order.reduce_only:
            self._claim(key, known, order.side, left, value)

    def _claim(self, key: str, known: Instrument, side: Side, left: Decimal, value: Decimal | None) -> None:
        if known.is_derivative:
            asset, amount = known.settle, None if value is None else times(value, known.initial_margin)
        elif side is BUY:
            asset, amount = known.quote, value
        else:
            asset, amount = known.base, left
        self._claimed[key] = asset
        self._claims.setdefault(asset, Totals()).put(key, amount)

    def on_sent(self, agent_id: AgentId, fingerprint: Fingerprint, time_ns: int) -> None:
        """An order is about to be sent: it counts for rates and for the duplicate guard."""
        self._sent.append((time_ns, agent_id))
        self._sent_by.setdefault(agent_id, deque()).append(time_ns)
        self._prints.pop(fingerprint, None)
        self._prints[fingerprint] = time_ns
        self._forget(time_ns)

    def on_not_sent(self, fingerprint: Fingerprint, time_ns: int) -> None:
        """The order of then was not sent after all: an equal one is no duplicate of it. It still counts for rates."""
        if self._prints.get(fingerprint) == time_ns:
            del self._prints[fingerprint]

    def set_trading_state(self, state: TradingState, reason: str = "") -> None:
        """What may be sent, and why not everything."""
        self._state, self._state_reason = state, reason

    # -- valuation

    def _mark_value(self, instrument: InstrumentId, size: Decimal) -> Decimal | None:
        known, mark = self._instruments.get(instrument), self.mark(instrument)
        if known is None or mark is None or known.quote not in self._money:
            return None
        return times(times(size, mark), known.contract_size)

    def mark(self, instrument: InstrumentId) -> Decimal | None:
        """The middle of the best prices, else the last trade; None when neither is known, or it can be no price."""
        quote = self._quotes.get(instrument)
        if quote is None:
            return None
        bid, ask, last = quote.bid, quote.ask, quote.last
        if bid is None or ask is None:
            return last if last is not None and last.is_finite() and last > 0 else None
        if not (bid.is_finite() and ask.is_finite() and bid > 0 and ask > 0):
            return None
        return ratio(plus(bid, ask), _TWO)

    def _revalue(self, instrument: InstrumentId) -> None:
        size = self._sizes.get(instrument, ZERO)
        known = self._instruments.get(instrument)
        value = self._mark_value(instrument, size) if size else ZERO
        self._values.put(instrument, value)
        if known is None:
            return
        if known.kind is _SPOT:
            self._revalue_asset(known.base)
        elif known.is_derivative:
            margin = None if value is None else times(value.copy_abs(), known.initial_margin)
            self._margins.setdefault(known.settle, Totals()).put(instrument, margin)
            profit = None if value is None else minus(value, self._costs.get(instrument, ZERO))
            self._equity.put(f"profit {instrument}", profit)
        else:
            self._equity.put(f"shares {instrument}", value)

    def _revalue_asset(self, asset: str) -> None:
        balance = self._balances.get(asset)
        if balance is None:
            return
        key = f"asset {asset}"
        if asset in self._money:
            self._equity.put(key, balance.total)
        elif balance.total == 0:
            self._equity.remove(key)
        else:
            spot = self._spot_of_asset.get(asset)
            mark = None if spot is None else self.mark(spot)
            self._equity.put(key, None if mark is None else times(balance.total, mark))

    # -- RiskView

    def quote(self, instrument: InstrumentId) -> Quote | None:
        """Last known prices."""
        return self._quotes.get(instrument)

    def position_size(self, instrument: InstrumentId) -> Decimal:
        """Signed net size."""
        return self._sizes.get(instrument, ZERO)

    def open_size(self, instrument: InstrumentId, side: Side) -> Decimal:
        """Unfilled size of exposed orders."""
        return self._open_size.get((instrument, side), ZERO)

    def open_order_count(self, instrument: InstrumentId | None = None) -> int:
        """Number of exposed orders."""
        return len(self._orders) if instrument is None else self._open_count.get(instrument, 0)

    def at_stake(self) -> list[InstrumentId]:
        """Every instrument with a position or an exposed order."""
        return [*(i for i, size in self._sizes.items() if size), *(i for i, n in self._open_count.items() if n)]

    def gross_exposure(self) -> Decimal | None:
        """Sum of absolute position values."""
        return self._values.absolute

    def net_exposure(self) -> Decimal | None:
        """Signed sum of position values."""
        return self._values.total

    def open_notional(self, side: Side) -> Decimal | None:
        """Notional of exposed orders of one side."""
        return self._open_value[side].total

    def priced_by(self, asset: str) -> InstrumentId | None:
        """The spot instrument that prices an asset; empty for money itself."""
        return "" if asset in self._money else self._spot_of_asset.get(asset)

    def equity(self) -> Decimal | None:
        """Cash, holdings and unrealized profit; None while any part is unknown."""
        return self._equity.total if self._have_balances else None

    def unpriced(self) -> list[str]:
        """Assets and instruments without a known worth."""
        return [key.partition(" ")[2] for key in self._equity.unknown()]

    def day_start_equity(self) -> Decimal | None:
        """Equity when the UTC day began, or when it was first known.

        Setting the clock makes no loss forgotten: a day that begins by a jump begins at the higher of the new figure
        and the one before.
        """
        now = self._clock.now_ns()
        day = now // _DAY_NS
        if day == self._day:
            return self._day_start
        start = self.equity()
        if start is not None:
            steady = self._clock.monotonic_ns()
            jumped = day < self._day or (now - self._day_seen[0]) - (steady - self._day_seen[1]) > _JUMP_NS
            if self._day_start is not None and jumped:
                start = max(self._day_start, start)
            self._day, self._day_start, self._day_seen = day, start, (now, steady)
        return start

    def start_day_at(self, day: int, equity: Decimal) -> None:
        """Go on with the day's first equity as it was before a restart; `day` counts from 1970."""
        self._day, self._day_start = day, equity
        self._day_seen = self._clock.now_ns(), self._clock.monotonic_ns()

    @property
    def day(self) -> int:
        """The UTC day that `day_start_equity` belongs to, counted from 1970; -1 before it is known."""
        return self._day

    def daily_pnl(self) -> Decimal | None:
        """Equity now minus equity when the day began. Deposits and withdrawals count, until the next start."""
        start, equity = self.day_start_equity(), self.equity()
        return None if start is None or equity is None else minus(equity, start)

    def total(self, asset: str) -> Decimal | None:
        """All of one asset as it is known here; None before balances are known."""
        known = self._balances.get(asset)
        return known.total if known is not None else (ZERO if self._have_balances else None)

    def assets(self) -> list[str]:
        """Every asset that there is some of, sorted."""
        return sorted(a for a, b in self._balances.items() if b.total != 0)

    def available(self, asset: str) -> Decimal | None:
        """What no exposed order and no margin has a claim on; None before balances are known, or a claim is not."""
        if not self._balances:
            return None
        known = self._balances.get(asset)
        left = ZERO if known is None else known.total
        if not left.is_finite():
            return None
        for claims in (self._claims.get(asset), self._margins.get(asset)):
            if claims is not None:
                claimed = claims.total
                if claimed is None:
                    return None
                left = minus(left, claimed)
        return left

    def orders_in_window(self, agent_id: AgentId | None, window_ns: int) -> int:
        """Orders sent in the last `window_ns` (at most a minute)."""
        now = self._clock.now_ns()
        self._forget(now)
        if window_ns >= _WINDOW_NS:
            return len(self._sent) if agent_id is None else len(self._sent_by.get(agent_id, ()))
        times_ns = (t for t, _ in self._sent) if agent_id is None else iter(self._sent_by.get(agent_id, ()))
        return sum(1 for t in times_ns if t > now - window_ns)

    def _forget(self, now_ns: int) -> None:
        while self._sent and self._sent[0][0] <= now_ns - _WINDOW_NS:
            _, agent_id = self._sent.popleft()
            self._sent_by[agent_id].popleft()
        # Insertion order is time order, so the oldest fingerprints come first.
        while self._prints and next(iter(self._prints.values())) <= now_ns - 10 * _WINDOW_NS:
            del self._prints[next(iter(self._prints))]

    def last_same_order_ns(self, fingerprint: Fingerprint) -> int | None:
        """When an equal order was last sent, within ten minutes."""
        return self._prints.get(fingerprint)

    def trading_state(self) -> TradingState:
        """What may be sent."""
        return self._state

    def trading_reason(self) -> str:
        """Why not everything may be sent."""
        return self._state_reason
