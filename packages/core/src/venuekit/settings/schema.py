"""Every setting there is, with its default; the configuration reference is made from what stands here.

Each attrs class is one TOML table. ``metadata["doc"]`` says what a setting does, with its unit. Money is a
decimal string in the desk's quote currency, shares are decimal strings (0.05 is 5 %).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.model.rate import Rate, rates_of
from venuekit.model.table import POSITIVE, SHARE, SIGNED
from venuekit.protocols.approver import Mode, Role
from venuekit.protocols.trading import TradingState
from venuekit.settings.address import shown
from venuekit.settings.field import setting as _field
from venuekit.settings.principals import AgentSettings as AgentSettings  # noqa: PLC0414 - a part of this schema
from venuekit.settings.principals import OperatorSettings as OperatorSettings  # noqa: PLC0414
from venuekit.settings.stricter import HIGHER, LOWER, MORE
from venuekit.settings.windows import AppliesTo as AppliesTo  # noqa: PLC0414
from venuekit.settings.windows import HoursWindow as HoursWindow  # noqa: PLC0414
from venuekit.settings.windows import OnClose as OnClose  # noqa: PLC0414

D = Decimal


@attrs.frozen(kw_only=True)
class StoreSettings:
    """``[store]``: where the desk remembers."""

    url: str = attrs.field(
        default="",
        repr=shown,
        metadata={
            "doc": "sqlite:///PATH, sqlite:// for a private file in memory, or "
            "postgresql://USER:PASSWORD@HOST/DATABASE for several processes or machines. "
            "Default: venuekit.db in the user's data folder."
        },
    )
    synchronous: str = _field(
        "NORMAL survives a crash of the program; FULL survives a loss of power too, and is slower. On PostgreSQL, "
        "NORMAL leaves synchronous_commit as the server has it, and FULL turns it on.",
        "NORMAL",
    )


@attrs.frozen(kw_only=True)
class AuditSettings:
    """``[audit]``: how long the journal's rows are kept. Nothing is removed but by ``venuekit audit prune``."""

    keep_days: int | None = _field("Whole days that venuekit audit prune leaves.", None, kind=POSITIVE)
    export_folder: str = _field("Folder in which it writes the rows down first. Needed unless it is told a file.", "")
    anchor: str = _field(
        "File that remembers the chain's end after each commit, so that rows cut off there are missed; one for each "
        "store. Default: beside a database in a file, and none for PostgreSQL.",
        "",
    )


@attrs.frozen(kw_only=True)
class RiskSettings:
    """``[risk]``: limits. A limit that is not set is not checked, but for those that have a default; "off" ends one."""

    max_order_notional: Decimal | None = _field("Largest value of one order.", None, tighter=LOWER)
    price_collar: Decimal | None = _field(
        "How far an order's price may be on the wrong side of the market (fat finger), as a share; also the worst "
        "price at which a market order is checked.",
        D("0.05"),
        kind=SHARE,
        tighter=LOWER,
    )
    max_position_size: Mapping[str, Decimal] = _field(
        "Largest absolute position, in base units, by instrument.",
        factory=dict,
        tighter=LOWER,
    )
    max_position_notional: Decimal | None = _field("Largest absolute value of one position.", None, tighter=LOWER)
    max_position_share: Decimal | None = _field("Largest position as a share of equity.", None, tighter=LOWER)
    max_open_orders: int | None = _field("Most orders open at once.", 200, tighter=LOWER)
    max_gross_exposure: Decimal | None = _field(
        "Largest sum of absolute position values and open orders.", None, tighter=LOWER
    )
    max_net_exposure: Decimal | None = _field(
        "Largest absolute signed sum of position values and open orders.", None, tighter=LOWER
    )
    max_orders_per_minute: int | None = _field("Most orders in any 60 seconds.", None, tighter=LOWER)
    max_daily_loss: Decimal | None = _field(
        "Largest loss since the UTC day began, realized and unrealized.", None, tighter=LOWER
    )
    max_daily_loss_share: Decimal | None = _field(
        "The same as a share of the equity when the day began.",
        None,
        kind=SHARE,
        tighter=LOWER,
    )
    shared_max_gross_exposure: Decimal | None = _field(
        "max_gross_exposure of all desks of the store together, each of which has to have this setting.",
        None,
        tighter=LOWER,
    )
    shared_max_daily_loss: Decimal | None = _field(
        "max_daily_loss of all desks of the store together, each of which has to have this setting.",
        None,
        tighter=LOWER,
    )
    shared_max_orders_per_minute: int | None = _field(
        "max_orders_per_minute of all desks of the store together, each of which has to have this setting.",
        None,
        tighter=LOWER,
    )
    check_balance: bool = _field(
        "Refuse an order that the known balance or margin cannot pay for.", True, tighter=HIGHER
    )
    max_spread: Decimal | None = _field(
        "Widest spread, as a share of the middle, at which market orders go.",
        None,
        kind=SHARE,
        tighter=LOWER,
    )
    min_liquidity_share: Decimal | None = _field(
        "A market order's size may be at most this many times the size at the best price.",
        None,
        tighter=LOWER,
    )
    allowed_instruments: Sequence[str] = _field("Patterns such as BTC-*; empty allows all.", ())
    denied_instruments: Sequence[str] = _field("Patterns that are refused even when allowed.", (), tighter=MORE)
    duplicate_window_seconds: float = _field(
        "Refuse an order equal to one sent less than this ago; 0 is off.", 0.0, tighter=HIGHER
    )
    require_reduce_only_when_reducing: bool = _field(
        "Refuse an order that would turn a position to the other side.",
        False,
        tighter=HIGHER,
    )
    max_quote_age_seconds: float = _field("Older prices are not trusted.", 15.0, tighter=LOWER)
    max_clock_skew_seconds: float = _field(
        "Most that this machine's clock may differ from the venue's; simulated venues are left out.",
        10.0,
        tighter=LOWER,
    )
    round_orders: bool = _field(
        "Round size down and price away from the market to valid steps instead of refusing.", False
    )


@attrs.frozen(kw_only=True)
class ApprovalSettings:
    """``[approval]``: which orders a person has to approve."""

    require_above: Decimal | None = _field(
        "Orders worth more wait for a person. Required in live mode at a real venue.", None
    )
    two_people_above: Decimal | None = _field(
        "Orders worth more wait for two different operators. Needs require_above and two [operators].", None
    )
    expires_seconds: int = _field("How long a question may wait, counted from when it was asked.", 300, kind=POSITIVE)
    price_tolerance: Decimal = _field(
        "How far the market may move before an approval is void and is asked for anew, as a share.",
        D("0.01"),
        kind=SHARE,
    )
    max_renewals: int = _field("How often one order may be asked about anew; after that it is denied.", 3)
    actions_without_approval: bool = _field(
        "Dangerous: in live mode, tools that act (convert, split, redeem) ask a person only above require_above. "
        "Without it a person decides about every one of them.",
        False,
    )
    elicitation: bool = _field(
        "Also ask in the MCP host's own dialog. The host is then trusted to show it to a person, and counts as one.",
        False,
    )
    page_url: str = _field(
        "Where operators reach venuekit approvals serve, such as http://127.0.0.1:8770. Agents are told, and hosts "
        "that can open an address are asked to show it; it decides nothing by itself.",
        "",
    )


@attrs.frozen(kw_only=True)
class FigureSettings:
    """``[breakers.figures.NAME]``: a figure from outside, told by `desk.report` or ``venuekit report``."""

    floor: Decimal | None = _field("Less than this trips; it may be negative.", None, kind=SIGNED)
    ceiling: Decimal | None = _field("More than this trips; it may be negative.", None, kind=SIGNED)
    unit: str = _field("What stands behind the number where it is shown.", "")
    required: bool = _field(
        "Orders wait until it has been reported, and it trips when it falls silent for stale_after_seconds.", True
    )
    stale_after_seconds: float | None = _field("How long a report holds; without it, for ever.", None, kind=POSITIVE)
    leads_to: TradingState = _field(
        "REDUCING lets orders go that make a position smaller, HALTED cancels only.", TradingState.REDUCING
    )


@attrs.frozen(kw_only=True)
class BreakerSettings:
    """``[breakers]``: what stops trading by itself."""

    window_seconds: int = _field("Over which time errors and latency are counted.", 60, kind=POSITIVE)
    min_calls: int = _field("Fewer calls than this in the window trip nothing.", 10, kind=POSITIVE)
    max_error_rate: Decimal | None = _field("Share of calls that failed.", D("0.5"), kind=SHARE)
    max_latency_seconds: float | None = _field("Median time of a call.", 5.0, kind=POSITIVE)
    max_reject_rate: Decimal | None = _field("Share of orders that the venue rejected.", None, kind=SHARE)
    max_data_age_seconds: float | None = _field("Silence on a subscribed price stream.", 60.0, kind=POSITIVE)
    daily_loss_warning: Decimal = _field(
        "Daily loss as a share of equity at which a warning goes out.", D("0.12"), kind=SHARE
    )
    daily_loss_critical: Decimal | None = _field("Daily loss as a share of equity that trips.", D("0.15"), kind=SHARE)
    max_drawdown: Decimal | None = _field("Loss from the highest equity, as a share, that trips.", None, kind=SHARE)
    max_failed_checks: int | None = _field(
        "Comparisons with the venue that may fail one after another.", 3, kind=POSITIVE
    )
    min_free_disk_mb: int | None = _field(
        "Space that must be left on the disk of the store, in megabytes.", 100, kind=POSITIVE
    )
    max_cpu_share: float | None = _field(
        "Processor cores that this process may use, as the mean of resource_window_seconds: 1.5 is one and a half. "
        "Off, because what is much for a process that embeds a desk only its author knows.",
        None,
        kind=POSITIVE,
    )
    max_memory_mb: int | None = _field(
        "Resident memory, in megabytes, that this process may hold for longer than resource_window_seconds. "
        "Off for the same reason; a server of its own idles below 100.",
        None,
        kind=POSITIVE,
    )
    resource_window_seconds: int = _field(
        "How long processor and memory have to be above their limits: a burst is no trouble.", 60, kind=POSITIVE
    )
    figures: Mapping[str, FigureSettings] = _field("A table for each figure, by its name.", factory=dict)
    probe_after_seconds: int = _field(
        "How long a tripped breaker waits before it tries again; twice as long after each try that failed, up to 16 "
        "times.",
        30,
    )
    max_recoveries: int = _field(
        "How often, 0 to 3, it may recover by itself before a person has to resume. A loss always waits for a person.",
        3,
    )


def _rates(doc: str) -> Any:
    return attrs.field(default=None, converter=attrs.converters.optional(rates_of), metadata={"doc": doc})


def _named_rates(given: Mapping[str, object]) -> Mapping[str, Sequence[Rate]]:
    return {name: rates_of(rates) for name, rates in given.items()}


@attrs.frozen(kw_only=True)
class PaceSettings:
    """``[pace]``: how often the venue may be called, by class of calls; and how often one agent may call.

    A rate is text such as ``30/1s`` or ``36000/10m burst 500``, or a number for a second's calls. Several rates of
    one class hold together: ``"9000/10s, 30000/60s"``.
    """

    public: Sequence[Rate] | None = _rates("Rates for market data; off for none. Default: the venue's own.")
    private: Sequence[Rate] | None = _rates("Rates for account data; off for none. Default: the venue's own.")
    orders: Sequence[Rate] | None = _rates("Rates for orders and amendments; off for none. Default: the venue's own.")
    cancels: Sequence[Rate] | None = _rates(
        "Rates for cancels, apart from orders, so that they always go; off for none. Default: the venue's own."
    )
    classes: Mapping[str, Sequence[Rate]] = attrs.field(
        factory=dict,
        converter=_named_rates,
        metadata={
            "doc": "Rates for one call by its name (order_book, candles, ...), besides those of its class, and for "
            "further classes that the venue has: venuekit venues NAME lists them."
        },
    )
    patience_seconds: float = _field(
        "How long a call of an agent or a program may wait for its turn; one that would wait longer is refused at "
        "once, and told when to try again.",
        10.0,
    )
    recover_seconds: float = _field(
        "After a 429 a class of calls goes on at half its rate; in this time it would climb from nothing to the whole.",
        60.0,
        kind=POSITIVE,
    )
    longest_stop_seconds: float = _field(
        "Longest pause that one answer of the venue can bring; then it is tried again.", 300.0, kind=POSITIVE
    )
    agent_calls_per_minute: int = _field(
        "Calls a minute of one agent, over all its connections; cancels are not counted.", 600, kind=POSITIVE
    )


@attrs.frozen(kw_only=True)
class StreamSettings:
    """``[streams]``: live data."""

    buffer: int = _field(
        "Events kept for a slow reader; prices are then conflated, own orders never dropped.", 1000, kind=POSITIVE
    )
    backoff_first_seconds: float = _field("First wait before reconnecting; doubles, with jitter.", 1.0, kind=POSITIVE)
    backoff_longest_seconds: float = _field("Longest wait before reconnecting.", 60.0, kind=POSITIVE)
    stale_after_seconds: float = _field("Silence after which a connection is given up.", 30.0, kind=POSITIVE)


@attrs.frozen(kw_only=True)
class ReconcileSettings:
    """``[reconcile]``: comparing the desk with the venue."""

    every_seconds: float = _field("How often, besides start and reconnect; 0 is never.", 60.0)
    send_timeout_seconds: float = _field(
        "How long an order's answer may take before the order is in doubt.", 30.0, kind=POSITIVE
    )
    in_doubt_first_seconds: float = _field("First question about an order in doubt; doubles.", 0.5, kind=POSITIVE)
    in_doubt_patience_seconds: float = _field(
        "How long an order in doubt may be unknown to the venue before it counts as never received.", 60.0
    )


@attrs.frozen(kw_only=True)
class DeskSettings:
    """``[desk]``: which venue, whose account, what may be done."""

    venue: str = _field("Name of an installed adapter; venuekit venues lists them.", "paper")
    account: str = _field("Which account of the venue, by your name for it.", "default")
    mode: Mode | None = _field(
        "read_only, shadow or live, exactly. Default: shadow at the paper venue, read_only elsewhere.", None
    )
    role: Role = _field("Role of a caller that has no [agents] table.", Role.TRADER)
    agent_id: str = _field("Name of a caller that has no other.", "local")
    currency: str = _field("Currency of limits and profit; USDC, USDT and pUSD count as USD.", "USD")
    data_dir: str = _field("Folder for everything that is kept. Default: the user's data folder.", "")
    allow_transfer_key: bool = _field(
        "Run in live mode with a venue's key that may also move money out; refused otherwise.", False
    )


@attrs.frozen(kw_only=True)
class DeskConfig:
    """A whole configuration file. `venues` holds one table a venue, read by its adapter."""

    desk: DeskSettings = attrs.Factory(DeskSettings)
    store: StoreSettings = attrs.Factory(StoreSettings)
    audit: AuditSettings = attrs.Factory(AuditSettings)
    risk: RiskSettings = attrs.Factory(RiskSettings)
    approval: ApprovalSettings = attrs.Factory(ApprovalSettings)
    breakers: BreakerSettings = attrs.Factory(BreakerSettings)
    hours: Sequence[HoursWindow] = ()
    pace: PaceSettings = attrs.Factory(PaceSettings)
    streams: StreamSettings = attrs.Factory(StreamSettings)
    reconcile: ReconcileSettings = attrs.Factory(ReconcileSettings)
    agents: Mapping[str, AgentSettings] = attrs.Factory(dict)
    operators: Mapping[str, OperatorSettings] = attrs.Factory(dict)
    shadow: Mapping[str, Any] = attrs.Factory(dict)
    venues: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict, repr=False)


#: What differs when the caller is a model: the limits that a server applies when no file sets [risk].
AGENT_RISK = RiskSettings(
    max_order_notional=D(10_000),
    max_orders_per_minute=30,
    max_open_orders=50,
    duplicate_window_seconds=5.0,
    max_daily_loss_share=D("0.15"),
)
