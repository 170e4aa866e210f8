"""Random commands of several accounts, restarts among them: nothing is lost, made, reordered or forgotten."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from engine_kit import DEPOSITS, NO, PERP, SPOT, YES, Queues, check, exchange
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from venuekit.adapter import (
    ORDER_REQUESTS,
    OrderRef,
    OrderRequest,
    OrderType,
    Side,
    TimeInForce,
    VenuekitError,
)
from venuekit_paper import outcomes, state
from venuekit_paper.exchange import Exchange
from venuekit_paper.history import History

D = Decimal
ACCOUNTS = ("ann", "bob", "cem")
#: Where each market trades: lowest price, tick, lot.
PRICES = {SPOT: (99, "0.05", "0.003"), PERP: (95, "0.5", "0.1"), YES: (0, "0.05", "1"), NO: (0, "0.05", "1")}
#: Most prices are close together, so that orders meet.
STEPS = st.integers(8, 12) | st.integers(8, 12) | st.integers(1, 19)
HOUR_NS = 3_600_000_000_000
Command = Callable[[Exchange], object]


def price(name: str, step: int) -> Decimal:
    low, tick, _ = PRICES[name]
    return D(low) + step * D(tick)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """An order as plain words, so that failing examples can be read."""
    name = draw(st.sampled_from((SPOT, SPOT, PERP, PERP, YES, NO)))
    kind = draw(st.sampled_from((OrderType.LIMIT,) * 6 + tuple(OrderType)))
    side = draw(st.sampled_from(Side))
    body: dict[str, Any] = {"instrument": name, "side": side, "type": kind}
    step = draw(STEPS)
    lots = draw(st.integers(1, 9) | st.integers(1, 90) | st.integers(1, 4000))
    body["size"] = lots * D(PRICES[name][2])
    if kind is OrderType.MARKET:
        body["time_in_force"] = draw(st.sampled_from((TimeInForce.IOC, TimeInForce.FOK)))
        if draw(st.booleans()):
            body["quote_size"] = D(draw(st.integers(1, 2000)))
            del body["size"]
    else:
        resting = [TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTD, TimeInForce.DAY]
        tifs = [*resting, *TimeInForce] if kind is OrderType.LIMIT else resting
        body["time_in_force"] = draw(st.sampled_from(tifs))
        if body["time_in_force"] is TimeInForce.GTD:
            body["expires_in"] = draw(st.integers(1, 20)) * HOUR_NS
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.BRACKET):
        body["price"] = price(name, step)
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        body["stop_price"] = price(name, draw(STEPS))
    if kind is OrderType.BRACKET:
        body["stop_price"] = price(name, step + draw(st.integers(1, 4)) * side.sign)
    if kind is OrderType.LIMIT and body["time_in_force"] in resting:
        body["post_only"] = draw(st.sampled_from((False, False, False, True)))
    body["reduce_only"] = draw(st.sampled_from((False,) * 5 + (True,)))
    body["client_order_id"] = draw(st.none() | st.none() | st.sampled_from("uvwxyz"))
    return body


def crowd(seed: int, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Many plausible orders that meet each other, from one number."""
    rng = random.Random(seed)
    name = rng.choice((SPOT, PERP, PERP, YES))
    for _ in range(count):
        side = rng.choice(list(Side))
        kind = rng.choice((OrderType.LIMIT,) * 6 + tuple(OrderType))
        step = 10 - side.sign * rng.randint(-1, 4)
        body: dict[str, Any] = {"instrument": name, "side": side, "type": kind}
        body["size"] = rng.choice((1, 7, 30, 150, 900, 3000)) * D(PRICES[name][2])
        if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.BRACKET):
            body["price"] = price(name, step)
        if kind in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.BRACKET):
            body["stop_price"] = price(name, step + side.sign * rng.randint(1, 3))
        body["reduce_only"] = rng.random() < 0.1
        yield rng.choice(ACCOUNTS), body


def request_of(body: dict[str, Any], now_ns: int) -> OrderRequest:
    fields = dict(body)
    if "expires_in" in fields:
        fields["expires_at_ns"] = now_ns + fields.pop("expires_in")
    made: OrderRequest = ORDER_REQUESTS[fields.pop("type")](**fields)
    return made


def chained(digest: str, made: Exchange, command: Command) -> tuple[str, VenuekitError | None]:
    """Carry a command out; the digest over all that happened so far, and the refusal if it was one."""
    refused = None
    try:
        command(made)
    except VenuekitError as error:
        refused = error
    outcome = f"{digest} {refused.code if refused else ''} {made.outcome}"
    return hashlib.sha256(outcome.encode()).hexdigest(), refused


class Market(RuleBasedStateMachine):
    """Three accounts, four markets."""

    @initialize()
    def begin(self) -> None:
        self.history = History(None)
        self.exchange = exchange(*ACCOUNTS, history=self.history)
        self.deposited = {
            asset: int(amount.scaleb(self.exchange.places[asset])) * len(ACCOUNTS) for asset, amount in DEPOSITS.items()
        }
        self.pairs = 0
        self.now_ns = HOUR_NS
        self.queues = Queues()
        self.commands: list[Command] = []
        self.digest = ""
        self.carry_out(lambda made: made.advance(HOUR_NS))

    def carry_out(self, command: Command) -> VenuekitError | None:
        before = self.dumped()
        self.commands.append(command)
        self.digest, refused = chained(self.digest, self.exchange, command)
        self.queues.follow(self.exchange, self.exchange.matcher.reports)
        if refused is not None:
            assert self.dumped() == before, f"{refused.code} left a trace"
        return refused

    def dumped(self) -> dict[str, Any]:
        """The state, without what an empty entry adds."""
        whole = json.loads(json.dumps(state.dump(self.exchange)))
        for account in whole["accounts"]:
            for part in ("total", "held"):
                account[part] = {asset: amount for asset, amount in account[part].items() if amount}
            account["holdings"] = {name: row for name, row in account["holdings"].items() if any(row)}
        return dict(whole)

    @rule(orders=st.lists(st.tuples(st.sampled_from(ACCOUNTS), requests()), min_size=1, max_size=10))
    def place(self, orders: list[tuple[str, dict[str, Any]]]) -> None:
        for account, body in orders:
            self.place_one(account, body)
            check(self.exchange, self.deposited, self.pairs)

    @rule(seed=st.integers(0, 10**6), count=st.integers(5, 40))
    def crowd(self, seed: int, count: int) -> None:
        for account, body in crowd(seed, count):
            self.place_one(account, body)
            check(self.exchange, self.deposited, self.pairs)

    def place_one(self, account: str, body: dict[str, Any]) -> None:
        now_ns = self.now_ns
        try:
            request = request_of(body, now_ns)
        except VenuekitError:
            return
        self.carry_out(lambda made: made.place(account, request, now_ns))

    def pick(self, place: int) -> tuple[str, OrderRef]:
        """An open order and its account, or one that is not there."""
        found = [(a.name, number) for a in self.exchange.accounts.values() for number in a.open]
        account, number = found[place % len(found)] if found else (ACCOUNTS[0], place + 1)
        return account, OrderRef(str(number))

    @rule(place=st.integers(0, 30))
    def cancel(self, place: int) -> None:
        (account, ref), now_ns = self.pick(place), self.now_ns
        self.carry_out(lambda made: made.cancel(account, ref, now_ns))

    @rule(
        place=st.integers(0, 30),
        lots=st.none() | st.integers(1, 60),
        step=st.none() | STEPS,
        stop=st.none() | st.none() | STEPS,
    )
    def amend(self, place: int, lots: int | None, step: int | None, stop: int | None) -> None:
        (account, ref), now_ns = self.pick(place), self.now_ns
        order = self.exchange.accounts[account].open.get(int(ref.venue_order_id or 0))
        name = SPOT if order is None else order.market.id
        changes = {
            "size": None if lots is None else lots * D(PRICES[name][2]),
            "price": None if step is None else price(name, step),
            "stop_price": None if stop is None else price(name, stop),
        }
        self.carry_out(lambda made: made.amend(account, ref, time_ns=now_ns, **changes))

    @rule(account=st.sampled_from(ACCOUNTS), name=st.none() | st.sampled_from((SPOT, PERP)))
    def cancel_all(self, account: str, name: str | None) -> None:
        now_ns = self.now_ns
        self.carry_out(lambda made: made.cancel_all(account, name, now_ns))

    @rule(step=st.integers(2, 18) | st.integers(-100, 200))
    def mark(self, step: int) -> None:
        at, now_ns = price(PERP, step), self.now_ns
        self.carry_out(lambda made: made.set_mark(PERP, at, now_ns))

    @rule(hours=st.integers(1, 9))
    def wait(self, hours: int) -> None:
        self.now_ns += hours * HOUR_NS
        now_ns = self.now_ns
        self.carry_out(lambda made: made.advance(now_ns))

    @rule(account=st.sampled_from(ACCOUNTS), size=st.integers(1, 9000))
    def mint(self, account: str, size: int) -> None:
        now_ns = self.now_ns
        if self.carry_out(lambda made: outcomes.mint(made, account, YES, D(size), now_ns)) is None:
            self.pairs += size

    @rule(account=st.sampled_from(ACCOUNTS), size=st.integers(1, 5000))
    def merge(self, account: str, size: int) -> None:
        now_ns = self.now_ns
        if self.carry_out(lambda made: outcomes.merge(made, account, NO, D(size), now_ns)) is None:
            self.pairs -= size

    @rule()
    def restart(self) -> None:
        before = state.dump(self.exchange)
        restored = exchange(history=self.history)
        state.load(restored, json.loads(json.dumps(before)))
        assert json.dumps(state.dump(restored)) == json.dumps(before)
        self.exchange = restored

    @invariant()
    def everything_is_in_order(self) -> None:
        if hasattr(self, "exchange"):
            check(self.exchange, self.deposited, self.pairs)

    def teardown(self) -> None:
        """The same inputs, without the restarts: the same outcome to the last digit."""
        if not hasattr(self, "exchange"):
            return
        twin, digest = exchange(*ACCOUNTS, history=History(None)), ""
        for command in self.commands:
            digest, _ = chained(digest, twin, command)
        assert digest == self.digest
        ours = self.dumped()
        self.exchange = twin
        assert self.dumped() == ours


Market.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestMarket = Market.TestCase
