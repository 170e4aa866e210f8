"""Batches do what single commands do, only faster."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_kit import PERP, SPOT, YES, Queues, check, exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.adapter import (
    LimitOrder,
    MarketOrder,
    OrderRef,
    Side,
    UnknownInstrument,
    UnknownOrder,
    VenuekitError,
)
from venuekit_paper import batch, outcomes, state
from venuekit_paper.exchange import Exchange

ACCOUNTS = ["ann", "bob"]
#: The middle of each market, in its price units, and its tick.
MIDDLES = {SPOT: (10_000, 5), PERP: (1_000, 5), YES: (5_000, 100)}


@st.composite
def flows(draw: st.DrawFn) -> tuple[str, list[batch.Message]]:
    """Adds, cancels and market orders around the middle of a market."""
    name = draw(st.sampled_from(sorted(MIDDLES)))
    middle, tick = MIDDLES[name]
    ids = st.sampled_from([str(n) for n in range(40)])
    lots = st.integers(1, 50) | st.integers(1, 3000)
    adds = st.tuples(st.just(batch.ADD), ids, st.integers(0, 1), st.sampled_from((1, -1)), st.integers(-4, 4), lots)
    others = st.tuples(
        st.sampled_from((batch.CANCEL, batch.MARKET)),
        ids,
        st.integers(0, 1),
        st.sampled_from((1, -1)),
        st.just(0),
        lots,
    )
    messages = draw(st.lists(adds | adds | others, min_size=1, max_size=60))
    return name, [
        (what, ref, who, side, middle + step * tick if what == batch.ADD else 0, size)
        for what, ref, who, side, step, size in messages
    ]


def one_by_one(made: Exchange, name: str, messages: list[batch.Message]) -> list[batch.Refusal]:
    """The same messages as requests."""
    refused, scale = [], made.market(name).scale
    done: set[tuple[int, str]] = set()
    for place, (what, ref, who, sign, price, lots) in enumerate(messages):
        account, side, size = ACCOUNTS[who], Side.BUY if sign > 0 else Side.SELL, scale.size_out(lots)
        open_now = set(made.accounts[account].by_client_id)
        try:
            if what == batch.CANCEL:
                if ref not in open_now:
                    raise UnknownOrder("It is done, or never was.")
                made.cancel(account, OrderRef(None, ref), 5)
                continue
            # An id may come again once its order is done, which the exchange itself would not allow.
            client_id = ref if (who, ref) not in done or ref in open_now else None
            done.add((who, ref))
            if ref in open_now:
                refused.append((place, "CLIENT_ORDER_ID_REUSED"))
                continue
            common = {"instrument": name, "side": side, "size": size, "client_order_id": client_id}
            if what == batch.ADD:
                made.place(account, LimitOrder(price=scale.price_out(price), **common), 5)  # type: ignore[arg-type]
            else:
                made.place(account, MarketOrder(**common), 5)  # type: ignore[arg-type]
        except VenuekitError as error:
            refused.append((place, error.code))
    return refused


def prepared() -> Exchange:
    made = exchange(*ACCOUNTS)
    for account in ACCOUNTS:
        outcomes.mint(made, account, YES, Decimal(3000), 2)
    return made


@given(flows())
@settings(max_examples=80, deadline=None)
def test_a_batch_leaves_what_the_same_requests_leave(flow: tuple[str, list[batch.Message]]) -> None:
    name, messages = flow
    unique = [
        (what, f"{ref}-{n}" if what != batch.CANCEL else ref, *rest) for n, (what, ref, *rest) in enumerate(messages)
    ]
    named: dict[str, str] = {}
    for n, (what, ref, *_) in enumerate(messages):  # a cancel names the latest order with its number
        if what == batch.CANCEL:
            unique[n] = (what, named.get(ref, ref), *unique[n][2:])
        else:
            named[ref] = str(unique[n][1])
    together, single = prepared(), prepared()
    single.advance(5)
    refused = batch.run(together, name, ACCOUNTS, unique, 5)  # type: ignore[arg-type]
    assert refused == one_by_one(single, name, unique)  # type: ignore[arg-type]
    ours, theirs = state.dump(together), state.dump(single)
    for part in ("orders", "counters", "fill_number", "taken", "tape"):
        assert ours[part] == theirs[part], part
    for account in ACCOUNTS:
        assert together.balances(account) == single.balances(account)
        assert together.positions(account) == single.positions(account)
        assert together.open_orders(account) == single.open_orders(account)


@given(flows())
@settings(max_examples=40, deadline=None)
def test_a_batch_keeps_every_invariant(flow: tuple[str, list[batch.Message]]) -> None:
    made = prepared()
    deposited = {"USD": 2 * int(Decimal("9000.12345678").scaleb(made.places["USD"]))}
    deposited["S"] = 2 * int(Decimal("33.3").scaleb(made.places["S"]))
    queues = Queues()
    queues.follow(made, made.matcher.reports)
    batch.run(made, flow[0], ACCOUNTS, flow[1], 5)
    queues.follow(made, made.matcher.reports)
    check(made, deposited, 6000)


def test_a_batch_for_what_is_not_there_does_nothing() -> None:
    made = exchange(*ACCOUNTS)
    before = state.dump(made)
    with pytest.raises(UnknownInstrument):
        batch.run(made, "X-USD", ACCOUNTS, [(batch.ADD, "1", 0, 1, 100, 1)], 5)
    with pytest.raises(VenuekitError, match="nobody"):
        batch.run(made, SPOT, ["nobody"], [(batch.ADD, "1", 0, 1, 100, 1)], 5)
    assert state.dump(made) == before
