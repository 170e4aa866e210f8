"""A risk check: a pure function of an order and a view of the world."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Protocol

import attrs

from venuekit.model.identity import AgentId, InstrumentId
from venuekit.model.instrument import Instrument
from venuekit.model.intent import OrderRequest, OrderType, Side, TimeInForce
from venuekit.protocols.trading import TradingState as TradingState  # noqa: PLC0414 - a part of this protocol

#: What makes two orders the same to a person. Amounts are equal however their digits are written.
Fingerprint = tuple[str | Decimal | None, ...]


@attrs.frozen(kw_only=True)
class Quote:
    """The prices that checks use. Any may be None (unknown); `time_ns` is when the venue said so."""

    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    bid_size: Decimal | None
    ask_size: Decimal | None
    time_ns: int


class Proposal(NamedTuple):
    """An order as risk sees it: sizes and prices known to be well formed, market orders priced at their worst.

    `quote` is the market when it was checked to be recent and well formed; None when it is not to be trusted.
    `worst_price` is the price that bounds the cost: the limit price, or the collar's edge for orders without
    one; None when no trusted quote exists, and every check that needs it must then refuse.
    `size` is in base units, `notional` the most that it is worth in quote units, `value` the same in the desk's
    currency, `unit_value` that of one base unit; each may be None. An amended order may be filled in part: of it,
    `open_size`, `open_notional` and `open_value` have only what would be open, since the rest is in the position
    already. `replaces_size`, `replaces_notional` and `replaces_value` are what the order as it is has open.
    `position` is the signed position now, `waiting` what other orders of this side may add to it.
    """

    request: OrderRequest
    instrument: Instrument
    agent_id: AgentId
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    size: Decimal | None
    limit_price: Decimal | None
    worst_price: Decimal | None
    notional: Decimal | None
    value: Decimal | None
    unit_value: Decimal | None
    open_size: Decimal | None
    open_notional: Decimal | None
    open_value: Decimal | None
    reduce_only: bool
    replaces_size: Decimal
    replaces_notional: Decimal
    replaces_value: Decimal
    position: Decimal
    waiting: Decimal
    now_ns: int
    quote: Quote | None
    #: Whether an agent asks, rather than a bot or a person in this process.
    by_agent: bool = False


class RiskView(Protocol):
    """The world at one moment, all in memory; every method answers in constant time.

    Money is in the desk's quote currency. A figure that cannot be known is None, and a check that needs it
    refuses.
    """

    def quote(self, instrument: InstrumentId) -> Quote | None:
        """Last known prices."""
        ...

    def position_size(self, instrument: InstrumentId) -> Decimal:
        """Signed net size."""
        ...

    def open_size(self, instrument: InstrumentId, side: Side) -> Decimal:
        """Unfilled size of exposed orders (in doubt and on their way included)."""
        ...

    def open_order_count(self, instrument: InstrumentId | None = None) -> int:
        """Number of exposed orders."""
        ...

    def gross_exposure(self) -> Decimal | None:
        """Sum of absolute position values."""
        ...

    def net_exposure(self) -> Decimal | None:
        """Signed sum of position values."""
        ...

    def open_notional(self, side: Side) -> Decimal | None:
        """Notional of exposed orders of one side, over all instruments."""
        ...

    def priced_by(self, asset: str) -> InstrumentId | None:
        """The instrument whose price is what an asset is worth; empty for money itself, None when there is none."""
        ...

    def equity(self) -> Decimal | None:
        """Cash plus position values, in the desk's currency."""
        ...

    def unpriced(self) -> list[str]:
        """What has no known worth, so that equity is not known: assets and instruments, sorted."""
        ...

    def daily_pnl(self) -> Decimal | None:
        """Realized and unrealized profit since the UTC day began."""
        ...

    def day_start_equity(self) -> Decimal | None:
        """Equity when the UTC day began, or at first sight."""
        ...

    def available(self, asset: str) -> Decimal | None:
        """What of one asset no order and no margin has a claim on; None when that is not known."""
        ...

    def orders_in_window(self, agent_id: AgentId | None, window_ns: int) -> int:
        """Orders sent in the last `window_ns`, by one agent or all."""
        ...

    def last_same_order_ns(self, fingerprint: Fingerprint) -> int | None:
        """When an order of the same instrument, side, type, size and prices was last sent."""
        ...

    def trading_state(self) -> TradingState:
        """The desk's trading state."""
        ...

    def trading_reason(self) -> str:
        """Why it is not ACTIVE, in the words of whoever changed it; empty where nobody said."""
        ...


@attrs.frozen
class Verdict:
    """What one check says. A refusal names the limit, the value, and what would pass."""

    check: str
    allowed: bool
    message: str = ""
    limit: str = ""
    value: str = ""
    would_pass: str = ""
    #: The error type's code to raise with: RISK_REFUSED, DATA_NOT_TRUSTED, TRADING_HALTED, ...
    code: str = "RISK_REFUSED"


@attrs.frozen
class Headroom:
    """How much is left of one limit, for people and models: ``you may buy 0.31 BTC more``.

    With `instrument` and `side`, `left` is the size in base units of the largest order that passes: of one lot more
    the check refuses. Otherwise it is in the limit's own unit: money, or a number of orders. It is empty while it is
    not known, and the message says why.
    """

    check: str
    limit: str
    used: str
    left: str
    message: str
    instrument: str = ""
    side: str = ""


class RiskCheck(Protocol):
    """One limit. Synchronous, pure, constant time: the same code in what-if and in enforcement."""

    @property
    def name(self) -> str:
        """Stable, snake_case."""
        ...

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go? Anything unknown refuses; so does, on its behalf, arithmetic that has no answer."""
        ...

    def headroom(self, view: RiskView) -> list[Headroom]:
        """What is left of a limit in money or in orders, where it has such a figure."""
        ...
