"""A schedule: what is asked of the desk, what goes wrong meanwhile, and when; all of it from one number."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import attrs

from venuekit.model.words import Word
from venuekit.testing.faults.points import ANY, POINTS, STORE_POINTS, Action, Fault
from venuekit.testing.faults.table import Table


class Op(Word):
    """What is done next."""

    SUBMIT = "submit"
    REPEAT = "repeat"
    REUSE = "reuse"
    RESEND = "resend"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel all"
    AMEND = "amend"
    APPROVE = "approve"
    REJECT = "reject"
    HALT = "halt"
    RESUME = "resume"
    APPROVE_ELSEWHERE = "approve elsewhere"
    HALT_ELSEWHERE = "halt elsewhere"
    RESUME_ELSEWHERE = "resume elsewhere"
    RECONCILE = "reconcile"
    WAIT = "wait"
    STEP_CLOCK = "step clock"
    CUT_STREAMS = "cut streams"
    CANCEL_ELSEWHERE = "cancel elsewhere"
    RESTART_VENUE = "restart venue"
    REOPEN = "reopen"


class Form(Word):
    """What kind of order is asked for."""

    MARKET = "market"
    RESTING = "resting"
    TAKING = "taking"
    TOUCHING = "touching"
    POST_ONLY = "post-only"
    FILL_OR_KILL = "fill or kill"
    STOP = "stop"
    STOP_LIMIT = "stop-limit"


@attrs.frozen(kw_only=True)
class Step:
    """One thing to do, and how long to wait before the next. `pick` chooses among what is there by then."""

    op: Op
    pick: int
    gap: float
    form: Form = Form.RESTING
    buy: bool = True
    #: How much it is worth: small goes by itself, large needs a person.
    large: bool = False
    named: bool = True
    #: After so many seconds the caller gives up waiting; None is never.
    gives_up: float | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        words = [self.op.value]
        if self.op is Op.SUBMIT:
            words += ["large" if self.large else "small", self.form.value, "buy" if self.buy else "sell"]
            words += ["" if self.named else "without an id"]
        if self.gives_up is not None:
            words.append(f"given up after {self.gives_up:.3f} s")
        if self.seconds:
            words.append(f"{self.seconds:+g} s")
        return " ".join(w for w in words if w)


@attrs.frozen(kw_only=True)
class Schedule:
    """Everything that happens in one run. `slowest` is the longest way to the venue, in seconds."""

    seed: int
    steps: Sequence[Step]
    faults: Sequence[Fault]
    slowest: float
    blind: bool
    synchronous: str
    persist: bool
    #: The desk does not compare with its venue now and then: what streams and reconnects tell it has to do.
    unaided: bool = False

    def __str__(self) -> str:
        about = [f"seed {self.seed}", f"store {self.synchronous}"]
        about += [f"messages take up to {self.slowest:g} s"] if self.slowest else []
        about += ["the venue does not tell our ids"] if self.blind else []
        about += ["no comparisons now and then"] if self.unaided else []
        lines = [", ".join(about), *(f"  {n}: {step}, then {step.gap:g} s" for n, step in enumerate(self.steps))]
        return "\n".join([*lines, *(f"  fault: {fault}" for fault in self.faults)])


_WEIGHTS = {
    Op.SUBMIT: 46,
    Op.REPEAT: 8,
    Op.REUSE: 2,
    Op.RESEND: 7,
    Op.CANCEL: 10,
    Op.CANCEL_ALL: 2,
    Op.AMEND: 5,
    Op.APPROVE: 8,
    Op.REJECT: 2,
    Op.HALT: 2,
    Op.RESUME: 4,
    Op.APPROVE_ELSEWHERE: 3,
    Op.HALT_ELSEWHERE: 1,
    Op.RESUME_ELSEWHERE: 1,
    Op.RECONCILE: 2,
    Op.WAIT: 8,
    Op.STEP_CLOCK: 2,
    Op.CUT_STREAMS: 3,
    Op.RESTART_VENUE: 1,
    Op.REOPEN: 2,
}
#: On a wire more is lost, and what nobody here asked for is told by streams alone.
_ON_A_WIRE = {**_WEIGHTS, Op.CUT_STREAMS: 6, Op.CANCEL_ELSEWHERE: 8}
_FORMS = {
    Form.MARKET: 4,
    Form.RESTING: 4,
    Form.TAKING: 3,
    Form.TOUCHING: 3,
    Form.POST_ONLY: 1,
    Form.FILL_OR_KILL: 1,
    Form.STOP: 1,
    Form.STOP_LIMIT: 1,
}
#: How many of the faults of a store on a server are lost connections, and how many of these a restart of the server.
_LOST, _RESTARTED = 0.6, 0.15
#: An adapter's own patience with an answer is longer than the way there and back, or nothing would ever arrive.
_SLOWEST_ON_A_WIRE = 0.08
#: So many times as often as a channel that tells seldom, the others tell.
_SELDOM = 4
_GAPS = (0.0, 0.0, 0.0, 0.01, 0.06, 0.3, 1.0)

_ON_A_CHANGE = (
    *(Action.LOSE_REQUEST, Action.LOSE_REPLY, Action.LOSE_REPLY, Action.NO_REPLY, Action.NO_REPLY),
    *(Action.LATE, Action.LATE, Action.TOO_MANY, Action.DOWN, Action.BUG),
)
_WHEN = {Action.LOSE_REPLY: ("after",), Action.NO_REPLY: ("before", "after"), Action.BUG: ("before", "after")}
_READ = ("order", "open_orders", "fills", "balances", "positions", "tickers", "order_history")
_CALLED = ("submit", "submit", "submit", "submit", "cancel", "cancel_all", "amend")


def make_schedule(seed: int, *, kills: bool = False, store: str = "sqlite", table: Table | None = None) -> Schedule:
    """The schedule of this number. With `kills` exactly one crash is in it, at some point of the whole run.

    With `store` postgres the same happens but for what happens to the store, and with a `table` what is in it happens
    on the venue's wire, instead of what happens at the protocols.
    """
    draw = random.Random(seed)
    weights = _WEIGHTS if table is None else _ON_A_WIRE
    steps = [_step(draw, weights) for _ in range(draw.randint(6, 20))]
    count = draw.choice((0, 1, 2, 3, 5)) if table is None else draw.choice((1, 2, 3, 5, 8))
    faults = [_fault(draw) if table is None else _on_the_wire(draw, table) for _ in range(count)]
    points = POINTS if table is None else (*POINTS, *table.points)
    crashes = 1 if kills else draw.choice((0, 1, 1, 1, 2, 3))
    faults += [_crash(draw, points, kills=kills) for _ in range(crashes)]
    slowest = draw.choice((0.0, 0.0, 0.02, 0.08, 0.4))
    if table is not None:
        slowest = min(slowest, _SLOWEST_ON_A_WIRE)
    blind = draw.random() < 0.15 and table is None
    synchronous = draw.choice(("NORMAL", "NORMAL", "FULL"))
    if store == "postgres":
        faults = [_on_postgres(draw, fault) for fault in faults]
    return Schedule(
        seed=seed,
        steps=steps,
        faults=faults,
        slowest=slowest,
        blind=blind,
        synchronous=synchronous,
        persist=kills or any(step.op is Op.RESTART_VENUE for step in steps),
        unaided=table is not None and seed % 2 == 1,
    )


def _step(draw: random.Random, weights: Mapping[Op, int]) -> Step:
    op = draw.choices(list(weights), list(weights.values()))[0]
    seconds = 0.0
    if op is Op.WAIT:
        seconds = draw.choice((0.3, 1.0, 2.0, 6.0))
    elif op is Op.STEP_CLOCK:
        seconds = draw.choice((-30.0, -2.0, -0.5, 0.5, 2.0, 30.0))
    return Step(
        op=op,
        pick=draw.randrange(1 << 16),
        gap=draw.choice(_GAPS),
        form=draw.choices(list(_FORMS), list(_FORMS.values()))[0],
        buy=draw.random() < 0.6,
        large=draw.random() < 0.2,
        named=draw.random() < 0.7,
        gives_up=draw.choice((0.0, 0.01, 0.2)) if draw.random() < 0.1 else None,
        seconds=seconds,
    )


def _crash(draw: random.Random, points: Sequence[str], *, kills: bool = False) -> Fault:
    """At a moment of the run that is as likely as any other, or at a point however seldom it is reached."""
    if draw.random() < 0.5:
        return Fault(Action.CRASH, ANY, draw.randint(1, 250 if kills else 400))
    return Fault(Action.CRASH, draw.choice(points), draw.choice((1, 1, 2, 3, 5, 8)))


def _on_postgres(draw: random.Random, fault: Fault) -> Fault:
    """What happens to a file, as it happens to a server and on the way to it."""
    if not fault.point.startswith("sqlite."):
        return fault
    point = draw.choice(STORE_POINTS["postgres"])
    action = fault.action
    if action is Action.LOCKED:
        point = draw.choice(("postgres.begin.before", "postgres.write.before"))
    elif action is Action.DISK_FULL:
        point = draw.choice(("postgres.write.before", "postgres.commit.before"))
    if action is not Action.CRASH and draw.random() < _LOST:
        point = draw.choice(STORE_POINTS["postgres"])
        action = Action.STORE_RESTART if draw.random() < _RESTARTED else Action.STORE_LOST
    nth = min(fault.nth, draw.randint(1, 6)) if ".begin." in point or ".commit." in point else fault.nth
    return attrs.evolve(fault, action=action, point=point, nth=nth, times=min(fault.times, 2))


def _fault(draw: random.Random) -> Fault:
    nth = draw.choice((1, 1, 2, 3, 5, 8))
    kind = draw.randrange(10)
    if kind < 5:
        action = draw.choice(_ON_A_CHANGE)
        when = draw.choice(_WHEN.get(action, ("before",)))
        late = draw.choice((0.1, 0.5, 1.5)) if action is Action.LATE else 0.0
        return Fault(action, f"venue.{draw.choice(_CALLED)}.{when}", nth, seconds=late)
    if kind < 6:
        action = draw.choice((Action.DOWN, Action.LOSE_REPLY, Action.TOO_MANY, Action.BUG))
        when = "after" if action is Action.LOSE_REPLY else "before"
        return Fault(action, f"venue.{draw.choice(_READ)}.{when}", nth, draw.choice((1, 2, 4)))
    if kind < 8:
        action = draw.choice((Action.DUPLICATE, Action.SWAP, Action.CUT))
        return Fault(action, "stream.received", draw.randint(1, 30), draw.choice((1, 3)))
    return _of_the_store(draw)


def _on_the_wire(draw: random.Random, table: Table) -> Fault:
    kind = draw.randrange(10)
    if kind < 6:
        name = draw.choice((*table.requests, Action.LATE))
        endpoints = list(dict.fromkeys(e for names in table.requests.values() for e in names))
        endpoint = draw.choice(list(table.requests.get(name, endpoints)))
        late = draw.choice((0.1, 0.5, 1.5, 6.0)) if name == Action.LATE else 0.0
        nth = draw.choice((1, 1, 2, 2, 3, 4, 6, 9))
        return Fault(name, f"wire.{endpoint}.arrived", nth, draw.choice((1, 1, 1, 2, 3)), seconds=late)
    if kind < 8:
        name = draw.choice(list(table.frames))
        channel = draw.choice(list(table.frames[name]))
        nth = draw.randint(1, 16)
        if channel in table.seldom:
            nth = -(-nth // _SELDOM)
        return Fault(name, f"wire.{channel}.told", nth, draw.choice((1, 1, 3)))
    return _of_the_store(draw)


def _of_the_store(draw: random.Random) -> Fault:
    nth = draw.randint(1, 40)
    if draw.random() < 0.3:
        point = draw.choice(("sqlite.begin", "sqlite.write", "sqlite.commit.before"))
        return Fault(Action.SLOW_DISK, point, nth, seconds=draw.choice((0.2, 3.0)))
    if draw.random() < 0.5:
        return Fault(Action.LOCKED, "sqlite.begin", nth, draw.choice((1, 2, 6)))
    return Fault(Action.DISK_FULL, draw.choice(("sqlite.write", "sqlite.commit.before")), nth, draw.choice((1, 2, 6)))
