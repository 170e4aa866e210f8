"""A small exchange with every kind of market, and what must be true of it at any time."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from venuekit.adapter import Instrument, InstrumentKind, OrderStatus
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.history import History
from venuekit_paper.market import Market
from venuekit_paper.orders import PaperOrder
from venuekit_paper.reports import AMENDED, LEVEL, TRADE, Report

D = Decimal
SPOT, PERP, YES, NO = "S-USD", "P-USD", "E:YES", "E:NO"
FEES = FeeSchedule(maker=D("0.00137"), taker=D("0.00213"))
DEPOSITS = {"USD": D("9000.12345678"), "S": D("33.3")}
OPEN = (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)


def instrument(name: str, kind: InstrumentKind, tick: str, lot: str, **more: object) -> Instrument:
    """An instrument that trades from the smallest lot on."""
    base = name.partition("-")[0] if kind is not InstrumentKind.BINARY_OUTCOME else name
    return Instrument(
        id=name, venue="test", kind=kind, base=base, quote="USD", tick_size=D(tick), lot_size=D(lot), min_size=D(lot),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def instruments() -> list[Instrument]:
    """A spot market, a perpetual at ten times leverage, and the two outcomes of an event."""
    bounds = {"min_price": D("0.01"), "max_price": D("0.99")}
    outcome = InstrumentKind.BINARY_OUTCOME
    return [
        instrument(SPOT, InstrumentKind.SPOT, "0.05", "0.003"),
        instrument(PERP, InstrumentKind.PERPETUAL, "0.5", "0.1", initial_margin=D("0.1"), contract_size=D("0.7")),
        instrument(YES, outcome, "0.01", "1", complement=NO, **bounds),
        instrument(NO, outcome, "0.01", "1", complement=YES, **bounds),
    ]


def exchange(*accounts: str, history: History | None = None, fees: FeeSchedule = FEES) -> Exchange:
    """An exchange where these accounts have their deposits."""
    made = Exchange(instruments(), fees, venue="test", history=history)
    for account in accounts:
        made.open_account(account, DEPOSITS, 1)
    return made


def check(made: Exchange, deposited: dict[str, int], pairs: int) -> None:
    """Everything that must be true between two commands; `pairs` is how many shares were minted and not merged."""
    _check_conservation(made, deposited, pairs)
    for account in made.accounts.values():
        for asset in {*account.total, *account.held}:
            if not account.house:
                assert account.total[asset] >= account.held[asset] >= 0, (account.name, asset)
    _check_holds(made)
    for market in made.markets.values():
        _check_book(market)


def _check_conservation(made: Exchange, deposited: dict[str, int], pairs: int) -> None:
    totals: defaultdict[str, int] = defaultdict(int)
    totals.update(made.matcher.taken)
    for account in made.accounts.values():
        for asset, amount in account.total.items():
            totals[asset] += amount
        for name, holding in account.holdings.items():
            if made.markets[name].margined:
                totals["USD"] -= holding.cost
    usd, shares = made.places["USD"], (made.markets[YES].base, made.markets[NO].base)
    assert totals["USD"] + pairs * 10**usd == deposited["USD"]
    assert totals["S"] == deposited["S"]
    assert [totals[asset] for asset in shares] == [pairs, pairs]
    assert sum(account.lots(PERP) for account in made.accounts.values()) == 0


def _check_holds(made: Exchange) -> None:
    """Holds are the sum of what open orders may cost, in exact fractions, and of the margin of positions."""
    for account in made.accounts.values():
        if account.house:
            continue
        owed: defaultdict[str, int] = defaultdict(int)
        margined: defaultdict[tuple[str, int], int] = defaultdict(int)
        for order in account.open.values():
            assert 0 <= order.filled < order.size
            assert order.resting or order.armed
            market, left = order.market, order.size - order.filled
            money = left * order.hold_price * market.unit
            schedule = made.matcher.fees.schedule
            rate = max(Fraction(schedule.maker), Fraction(schedule.taker), Fraction(0))
            fee = _ceil(Fraction(order.fee_parts, made.matcher.fees.denominator) + money * rate) - order.fees
            if not market.margined:
                owed[market.quote if order.side > 0 else market.base] += (
                    money + fee if order.side > 0 else left * market.base_unit
                )
            elif not order.reduce_only:
                owed[market.quote] += fee
                margined[market.id, order.side] += money
        for name, holding in account.holdings.items():
            market = made.markets[name]
            if market.margined:
                buys, sells = margined[name, 1], margined[name, -1]
                assert (holding.buys, holding.sells) == (buys, sells)
                most = max(holding.cost + buys, sells - holding.cost)
                assert holding.margin == _ceil(Fraction(most) * market.scale.margin)
                owed[market.quote] += holding.margin
        assert {a: n for a, n in account.held.items() if n} == {a: n for a, n in owed.items() if n}


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _check_book(market: Market) -> None:
    bid, ask = market.book.bids.best, market.book.asks.best
    assert not (bid and ask) or bid < ask
    for side in (market.book.bids, market.book.asks):
        assert side.keys == sorted(side.levels)
        resting = list(side.walk())
        assert len({o.number for o in resting}) == len(resting)
        for key, level in side.levels.items():
            mine = [o for o in resting if o.price * side.sign == key]
            assert level.total == sum(o.left for o in mine) > 0
            assert all(o.level is level and o.account.open[o.number] is o for o in mine)


class Queues:
    """Price-time priority, kept once more from nothing but the reports, and held against each trade."""

    def __init__(self) -> None:
        #: By market and side: number, price and unfilled lots of each resting order, in order of arrival.
        self._queues: defaultdict[tuple[str, int], dict[int, list[int]]] = defaultdict(dict)

    def follow(self, made: Exchange, reports: list[Report]) -> None:
        """Take in what a command did."""
        for report in reports:
            if report[0] == TRADE:
                self._trade(report)
            elif report[0] != LEVEL:
                self._order(report)
        for market in made.markets.values():
            for side in (1, -1):
                expected = self._by_priority(market.id, side)
                assert [o.number for o in market.book.own(side).walk()] == expected

    def _by_priority(self, market: str, side: int) -> list[int]:
        waiting = self._queues[market, side]
        return sorted(waiting, key=lambda number: -side * waiting[number][0])  # stable: arrival decides among equals

    def _trade(self, report: Report) -> None:
        _, _, market, taker, maker, lots, price, *_ = report
        if maker.account.house:
            return  # the venue takes over what the book did not
        assert taker.account is not maker.account
        assert self._by_priority(market.id, maker.side)[0] == maker.number
        entry = self._queues[market.id, maker.side][maker.number]
        assert entry[0] == price
        entry[1] -= lots
        assert entry[1] >= 0

    def _order(self, report: Report) -> None:
        kind, order, status, size, filled, *_ = report
        assert filled <= size
        queue, left = self._queues[order.market.id, order.side], size - filled
        known = queue.get(order.number)
        if kind == AMENDED:
            if known is not None and known[0] == order.price and left <= known[1]:
                known[1] = left
            elif known is not None:
                del queue[order.number]
        elif status not in OPEN:
            queue.pop(order.number, None)
        elif known is None:
            queue[order.number] = [order.price, left]
        else:
            assert known[1] == left


def find(made: Exchange, account: str, number: int) -> PaperOrder:
    """An open order."""
    return made.accounts[account].open[number]
