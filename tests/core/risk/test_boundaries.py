"""Each check passes at its limit, refuses one step beyond, and what it says would pass does pass."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import attrs
import pytest

from venuekit.books.exposure import Exposure
from venuekit.desk.risk.checks import build_checks, error_of, run
from venuekit.desk.risk.hours import Hours
from venuekit.desk.risk.proposal import fingerprint, propose
from venuekit.errors import DataNotTrusted, PermissionRefused, RiskRefused
from venuekit.model.account import Balance, Position
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import (
    BracketOrder,
    LimitOrder,
    MarketOrder,
    OrderRequest,
    OrderType,
    Side,
    StopLimitOrder,
    StopOrder,
    TimeInForce,
)
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.risk import Quote, Verdict
from venuekit.settings.schema import RiskSettings

D = Decimal
OFF = RiskSettings(price_collar=None, max_open_orders=None, check_balance=False)
SECOND = 10**9


def ask(
    view: Exposure, instrument: Instrument, request: OrderRequest, replaces: Order | None = None, **rules: Any
) -> Verdict | None:
    """The first refusal under only the rules given, with a collar of 5 % where an order needs one."""
    risk = attrs.evolve(OFF, **rules)
    proposal = propose(
        request,
        instrument,
        view,
        agent_id="a",
        collar=D("0.05"),
        max_quote_age_seconds=15.0,
        now_ns=view._clock.now_ns(),
        replaces=replaces,
    )
    return run(build_checks(risk, Hours(())), proposal, view)


def passes(*args: Any, **rules: Any) -> bool:
    return ask(*args, **rules) is None


def refused(check: str, *args: Any, **rules: Any) -> Verdict:
    verdict = ask(*args, **rules)
    assert verdict is not None, f"{check} let it pass"
    assert verdict.check == check
    assert verdict.limit, "a refusal names the limit"
    assert verdict.value, "a refusal names the value"
    assert verdict.would_pass, "a refusal says what would pass"
    assert verdict.message.endswith("."), verdict.message
    return verdict


def limit(size: str = "1", price: str = "100", side: Side = Side.BUY, **more: Any) -> LimitOrder:
    return LimitOrder(**{"instrument": "BTC-USD", "side": side, "size": D(size), "price": D(price), **more})


def market(side: Side = Side.BUY, instrument: str = "BTC-USD", **amount: str) -> MarketOrder:
    fields: dict[str, Any] = {k: D(v) for k, v in amount.items()}
    return MarketOrder(instrument=instrument, side=side, **fields)


def working(key: str, size: str, price: str, side: Side = Side.BUY, instrument: str = "BTC-USD") -> Order:
    return Order(
        venue="paper",
        account="a",
        instrument=instrument,
        side=side,
        type=OrderType.LIMIT,
        status=OrderStatus.OPEN,
        time_in_force=TimeInForce.GTC,
        created_ns=1,
        updated_ns=1,
        size=D(size),
        price=D(price),
        client_order_id=key,
    )


def hold(view: Exposure, instrument: str, size: str) -> None:
    position = Position(
        venue="p", account="a", instrument=instrument, quote="USD", size=D(size), average_entry_price=D(100)
    )
    view.set_positions([position], {instrument: D(size) * 100})


def fund(view: Exposure, **amounts: str) -> None:
    view.set_balances(
        [
            Balance(venue="p", account="a", asset=asset, total=D(n), available=D(n), held=D(0))
            for asset, n in amounts.items()
        ]
    )


def test_the_rate_counts_any_sixty_seconds(view: Exposure, spot: Instrument) -> None:
    start = view._clock.now_ns()
    for n in range(3):
        assert passes(view, spot, limit(), max_orders_per_minute=3)
        view.on_sent("a" if n else "b", fingerprint(limit()), start + n * SECOND)
    view._clock.now = start + 59 * SECOND  # type: ignore[attr-defined]
    assert refused("order_rate", view, spot, limit(), max_orders_per_minute=3).value == "4"
    view._clock.now = start + 60 * SECOND  # type: ignore[attr-defined]
    assert passes(view, spot, limit(), max_orders_per_minute=3)
    view.on_sent("a", fingerprint(limit()), start + 60 * SECOND)
    assert not passes(view, spot, limit(), max_orders_per_minute=3)


def test_open_orders_are_counted_over_all_instruments_and_an_amendment_adds_none(
    view: Exposure, spot: Instrument, perp: Instrument
) -> None:
    first = working("1", "1", "90")
    view.on_order(first)
    assert passes(view, spot, limit(), max_open_orders=2)
    view.on_order(working("2", "1", "90", instrument=perp.id))
    assert refused("max_open_orders", view, spot, limit(), max_open_orders=2).value == "3"
    assert passes(view, spot, limit(), first, max_open_orders=2)
    view.on_order(first.but(status=OrderStatus.CANCELED))
    assert passes(view, spot, limit(), max_open_orders=2)


@pytest.mark.parametrize("status", [OrderStatus.SUBMITTING, OrderStatus.IN_DOUBT, OrderStatus.PENDING_CANCEL])
def test_an_order_that_may_still_cost_money_counts(view: Exposure, spot: Instrument, status: OrderStatus) -> None:
    view.on_order(working("1", "1", "90").but(status=status))
    assert not passes(view, spot, limit(), max_open_orders=1)


def spread_of(view: Exposure, bid: str | None, ask: str | None, sizes: str | None = "5") -> None:
    size = None if sizes is None else D(sizes)
    quote = Quote(
        bid=None if bid is None else D(bid),
        ask=None if ask is None else D(ask),
        last=D(100),
        bid_size=size,
        ask_size=size,
        time_ns=view._clock.now_ns(),
    )
    view.on_quote("BTC-USD", quote)


def test_a_market_order_needs_a_tight_book(view: Exposure, spot: Instrument) -> None:
    spread_of(view, "99", "101")
    assert passes(view, spot, market(size="1"), max_spread=D("0.02"))
    spread_of(view, "98.99", "101")
    assert refused("spread_liquidity", view, spot, market(size="1"), max_spread=D("0.02")).limit == "0.02"
    assert passes(view, spot, limit(), max_spread=D("0.02")), "a limit states what it accepts"


@pytest.mark.parametrize(
    "order", [market(size="1"), StopOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), stop_price=D(105))]
)
@pytest.mark.parametrize(("bid", "ask_"), [(None, "100"), ("99", None), (None, None)])
def test_with_half_a_book_its_spread_is_unknown(
    view: Exposure, spot: Instrument, order: OrderRequest, bid: str | None, ask_: str | None
) -> None:
    spread_of(view, bid, ask_)
    verdict = ask(view, spot, order, max_spread=D(1))
    assert verdict is not None
    assert isinstance(error_of(verdict), DataNotTrusted)


def test_a_market_order_needs_a_deep_book(view: Exposure, spot: Instrument) -> None:
    rules: dict[str, Any] = {"min_liquidity_share": D(2)}
    assert passes(view, spot, market(size="10"), **rules)
    verdict = refused("spread_liquidity", view, spot, market(size="10.001"), **rules)
    assert verdict.would_pass.startswith("size 10,")
    assert passes(view, spot, market(quote_size="1000"), **rules), "10 at the ask of 100"
    assert not passes(view, spot, market(quote_size="1000.1"), **rules)
    spread_of(view, "99", "100", sizes=None)
    assert not passes(view, spot, market(size="1"), **rules), "an unknown depth is not trusted"


def test_reduce_only_needs_a_position_on_the_other_side(view: Exposure, perp: Instrument) -> None:
    sell: dict[str, Any] = {"side": Side.SELL, "instrument": perp.id, "reduce_only": True}
    refused("reduce_only", view, perp, limit(**sell))
    hold(view, perp.id, "2")
    assert passes(view, perp, limit(**sell))
    assert passes(view, perp, limit("5", **sell)), "the venue cuts it to the position"
    refused("reduce_only", view, perp, limit(instrument=perp.id, reduce_only=True))
    hold(view, perp.id, "-2")
    assert passes(view, perp, limit(instrument=perp.id, reduce_only=True))


def test_an_order_may_be_kept_from_turning_a_position_over(view: Exposure, perp: Instrument) -> None:
    rules: dict[str, Any] = {"require_reduce_only_when_reducing": True}
    hold(view, perp.id, "2")
    assert passes(view, perp, limit("2", side=Side.SELL, instrument=perp.id), **rules)
    verdict = refused("reduce_only", view, perp, limit("2.001", side=Side.SELL, instrument=perp.id), **rules)
    assert verdict.would_pass == "size 2 with reduce_only"
    assert passes(view, perp, limit("2.001", side=Side.SELL, instrument=perp.id, reduce_only=True), **rules)
    assert passes(view, perp, limit("9", instrument=perp.id), **rules)


@pytest.mark.parametrize(
    ("allowed", "denied", "goes"),
    [
        ((), (), True),
        (("BTC-*",), (), True),
        (("ETH-*", "btc-usd"), (), False),
        ((), ("*-USD",), False),
        (("BTC-USD",), ("BTC-*",), False),
        (("Bitcoin*",), (), True),
        ((), ("Bitcoin*",), False),
    ],
)
def test_instruments_are_allowed_and_denied_by_pattern_on_id_or_alias(
    view: Exposure, spot: Instrument, allowed: tuple[str, ...], denied: tuple[str, ...], goes: bool
) -> None:
    named = attrs.evolve(spot, alias="Bitcoin in dollars")
    verdict = ask(view, named, limit(), allowed_instruments=allowed, denied_instruments=denied)
    assert (verdict is None) == goes
    if verdict is not None:
        assert isinstance(error_of(verdict), PermissionRefused)


def lose(view: Exposure, amount: str) -> None:
    view.day_start_equity()
    fund(view, USD=str(10_000 - D(amount)))


@pytest.mark.parametrize(
    "rules", [{"max_daily_loss": D(500)}, {"max_daily_loss_share": D("0.05")}], ids=["money", "share"]
)
def test_a_days_loss_stops_orders_at_the_limit_but_for_those_that_reduce(
    view: Exposure, perp: Instrument, rules: dict[str, Any]
) -> None:
    lose(view, "499.99")
    assert passes(view, perp, limit(instrument=perp.id), **rules)
    lose(view, "500")
    verdict = refused("daily_loss", view, perp, limit(instrument=perp.id), **rules)
    assert (verdict.limit, verdict.value) == ("500", "500")
    hold(view, perp.id, "2")
    lose(view, "600")
    assert passes(view, perp, limit("2", side=Side.SELL, instrument=perp.id), **rules)
    assert not passes(view, perp, limit("2.001", side=Side.SELL, instrument=perp.id), **rules)


def test_the_smaller_of_two_daily_limits_counts_and_the_next_day_begins_at_nothing(
    view: Exposure, perp: Instrument
) -> None:
    rules: dict[str, Any] = {"max_daily_loss": D(1000), "max_daily_loss_share": D("0.01")}
    lose(view, "100")
    assert not passes(view, perp, limit(instrument=perp.id), **rules)
    view._clock.now += 86_400 * SECOND  # type: ignore[attr-defined]
    view.on_quote(perp.id, attrs.evolve(view._quotes[perp.id], time_ns=view._clock.now_ns()))
    assert passes(view, perp, limit(instrument=perp.id), **rules)


def test_an_order_by_quote_amount_is_worth_that_amount(view: Exposure, spot: Instrument) -> None:
    assert passes(view, spot, market(quote_size="500"), max_order_notional=D(500))
    verdict = refused("max_order_notional", view, spot, market(quote_size="500.01"), max_order_notional=D(500))
    assert verdict.value == "500.01"


@pytest.mark.parametrize("side", Side)
def test_an_order_by_quote_amount_counts_with_the_most_that_it_may_move(
    view: Exposure, perp: Instrument, side: Side
) -> None:
    # A buy gets 5 at the ask of 100; a sell gives up to 5.316 at the collar's edge of 94.05.
    most = "500" if side is Side.BUY else "470.25"
    sizes: dict[str, Any] = {"max_position_size": {perp.id: D(5)}}
    assert passes(view, perp, market(side, perp.id, quote_size=most), **sizes)
    assert not passes(view, perp, market(side, perp.id, quote_size=str(D(most) + D("0.2"))), **sizes)


def test_an_order_by_quote_amount_needs_that_much_of_the_balance(view: Exposure, spot: Instrument) -> None:
    fund(view, USD="500")
    assert passes(view, spot, market(quote_size="500"), check_balance=True)
    refused("balance", view, spot, market(quote_size="500.01"), check_balance=True)


def test_an_amendment_is_measured_by_what_it_adds(view: Exposure, spot: Instrument) -> None:
    fund(view, USD="1000")
    old = working("1", "6", "100")
    view.on_order(old)
    rules: dict[str, Any] = {
        "check_balance": True,
        "max_position_size": {spot.id: D(10)},
        "max_gross_exposure": D(1000),
    }
    assert passes(view, spot, limit("10"), old, **rules)
    assert not passes(view, spot, limit("10"), **rules), "as an order of its own it would be too much"
    for name, value in rules.items():
        assert not passes(view, spot, limit("10.001"), old, **{name: value}), name


def test_an_amendment_of_a_partly_filled_order_is_measured_by_what_is_left(view: Exposure, spot: Instrument) -> None:
    fund(view, USD="600")
    old = working("1", "6", "100").but(filled_size=D(4))
    view.on_order(old)
    assert passes(view, spot, limit("6", "100"), old, check_balance=True)


@pytest.fixture
def token() -> Instrument:
    return Instrument(
        id="RAIN-YES",
        venue="paper",
        kind=InstrumentKind.BINARY_OUTCOME,
        base="RAIN-YES",
        quote="USD",
        tick_size=D("0.01"),
        lot_size=D("0.01"),
        min_size=D(1),
    )


@pytest.fixture
def outcomes(view: Exposure, token: Instrument) -> Exposure:
    view.set_instruments([token])
    quote = Quote(
        bid=D("0.4"), ask=D("0.42"), last=D("0.4"), bid_size=D(99), ask_size=D(99), time_ns=view._clock.now_ns()
    )
    view.on_quote(token.id, quote)
    return view


def test_outcome_tokens_are_sold_from_what_is_held_and_not_promised(outcomes: Exposure, token: Instrument) -> None:
    def sell(size: str) -> LimitOrder:
        return limit(size, "0.4", Side.SELL, instrument=token.id)

    refused("balance", outcomes, token, sell("1"), check_balance=True)
    hold(outcomes, token.id, "10")
    assert passes(outcomes, token, sell("10"), check_balance=True)
    assert not passes(outcomes, token, sell("10.01"), check_balance=True)
    promised = working("1", "4", "0.5", Side.SELL, token.id)
    outcomes.on_order(promised)
    assert passes(outcomes, token, sell("6"), check_balance=True)
    assert not passes(outcomes, token, sell("6.01"), check_balance=True)
    assert passes(outcomes, token, sell("10"), promised, check_balance=True)
    assert not passes(outcomes, token, sell("10.01"), promised, check_balance=True)


def test_outcome_tokens_are_bought_from_the_quote_balance(outcomes: Exposure, token: Instrument) -> None:
    fund(outcomes, USD="42")
    assert passes(outcomes, token, limit("100", "0.42", instrument=token.id), check_balance=True)
    assert not passes(outcomes, token, limit("100.01", "0.42", instrument=token.id), check_balance=True)


def test_spot_is_sold_from_what_no_other_order_claims(view: Exposure, spot: Instrument) -> None:
    fund(view, USD="0", BTC="3")
    view.on_order(working("1", "1", "110", Side.SELL))
    assert passes(view, spot, limit("2", side=Side.SELL), check_balance=True)
    verdict = refused("balance", view, spot, limit("2.001", side=Side.SELL), check_balance=True)
    assert verdict.would_pass == "an order that needs at most 2 BTC"


def test_derivatives_need_their_margin_and_only_for_what_they_open(view: Exposure, perp: Instrument) -> None:
    fund(view, USD="100")
    for side in Side:
        price = "100" if side is Side.BUY else "99"
        assert passes(view, perp, limit("10", price, side, instrument=perp.id), check_balance=True)
        assert not passes(view, perp, limit("10.102", price, side, instrument=perp.id), check_balance=True)
    hold(view, perp.id, "5")
    fund(view, USD="149.75")  # 49.75 of it is the margin of the position, at the middle of 99.5
    closing_and_opening = limit("15", "99", Side.SELL, instrument=perp.id)
    assert passes(view, perp, closing_and_opening, check_balance=True)


@pytest.mark.parametrize(
    ("order", "worst"),
    [
        (market(size="1"), "105"),
        (market(Side.SELL, size="1"), "94.05"),
        (StopOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), stop_price=D(110)), "115.5"),
        (StopOrder(instrument="BTC-USD", side=Side.SELL, size=D(1), stop_price=D(90)), "85.5"),
        (StopLimitOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), stop_price=D(110), price=D(112)), "112"),
        (BracketOrder(instrument="BTC-USD", side=Side.SELL, size=D(1), price=D(120), stop_price=D(90)), "120"),
        (BracketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), price=D(90), stop_price=D(120)), "120"),
    ],
    ids=lambda o: f"{o.side} {o.type}" if hasattr(o, "side") else o,
)
def test_every_kind_of_order_is_priced_at_its_worst(
    view: Exposure, spot: Instrument, order: OrderRequest, worst: str
) -> None:
    proposal = propose(
        order,
        spot,
        view,
        agent_id="a",
        collar=D("0.05"),
        max_quote_age_seconds=15.0,
        now_ns=view._clock.now_ns(),
    )
    assert proposal.worst_price == D(worst)
    value = proposal.notional
    assert value is not None
    assert value >= D(worst) if order.side is Side.BUY else value >= D(99)


def test_exposure_of_unknown_value_refuses_all_but_what_reduces(view: Exposure, perp: Instrument) -> None:
    hold(view, perp.id, "2")
    view.on_order(working("1", "1", "90", instrument="UNKNOWN"))
    rules: dict[str, Any] = {"max_gross_exposure": D(10**9)}
    verdict = ask(view, perp, limit(instrument=perp.id), **rules)
    assert verdict is not None
    assert isinstance(error_of(verdict), DataNotTrusted)
    assert passes(view, perp, limit("2", side=Side.SELL, instrument=perp.id), **rules)


@pytest.mark.parametrize(
    "name", ["max_order_notional", "max_position_notional", "max_gross_exposure", "max_net_exposure"]
)
def test_what_a_refusal_says_would_pass_does_pass(view: Exposure, perp: Instrument, name: str) -> None:
    rules: dict[str, Any] = {name: D(777)}
    view.on_order(working("1", "1.5", "100", instrument=perp.id))
    verdict = ask(view, perp, limit("9", instrument=perp.id), **rules)
    assert verdict is not None
    assert isinstance(error_of(verdict), RiskRefused)
    found = re.search(r"size ([0-9.]+)|worth ([0-9.]+)", verdict.would_pass)
    assert found is not None, verdict.would_pass
    size = found[1] or str(D(found[2]) / 100)
    assert passes(view, perp, limit(size, instrument=perp.id), **rules)
    assert not passes(view, perp, limit(str(D(size) + D("0.001")), instrument=perp.id), **rules)
