"""What must be true once a schedule is over, the network is quiet and the desk has had the time to ask."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.desk.reconcile import NEVER_RECEIVED
from venuekit.errors import UnknownOrder, VenuekitError
from venuekit.model.account import FillQuery, HistoryQuery
from venuekit.model.codec import from_record
from venuekit.model.order import Fill, FillState, Order, OrderStatus
from venuekit.protocols.journal import ApprovalState, EntryKind, Row, RowQuery, Store
from venuekit.testing.faults.site import Truth
from venuekit.testing.faults.world import PATIENCE_SECONDS, World

_ORDERS = (EntryKind.INTENT, EntryKind.ORDER)
_ENDED = tuple(s.value for s in ApprovalState if s not in (ApprovalState.PENDING, ApprovalState.APPROVED))
_UNRESOLVED = (OrderStatus.SUBMITTING, OrderStatus.IN_DOUBT, OrderStatus.NEW)
_MOST = 100_000
#: After this long an approval whose order a crash cut off is given up.
_CUT_OFF_SECONDS = 62.0
#: After this long everything that the venue had to tell has arrived.
_TOLD_SECONDS = 3.0
#: How often it is looked whether a slow venue has become quiet.
_LOOK_SECONDS = 2.5


async def settle(world: World) -> None:
    """Stop all faults, resume trading, and wait until every doubt must be over."""
    world.points.armed = False
    if world.site.on_a_wire:
        world.right_clock()  # a venue takes no token of another time, so nothing would become quiet
    await world.desk.resume(by="ann")
    await _quiet(world, PATIENCE_SECONDS + 4.0)
    if any(o.status is OrderStatus.PENDING_APPROVAL and _cut_off(world, o) for o in await world.desk.open_orders()):
        await asyncio.sleep(_CUT_OFF_SECONDS)
    # Nothing may trade while desk and venue are compared.
    await world.truth.cancel_all()
    await _quiet(world, _TOLD_SECONDS)


async def _quiet(world: World, seconds: float) -> None:
    """Let so much time pass, and more where the venue is known to be slow, until nothing is on its way any more."""
    await asyncio.sleep(seconds)
    until = world.now() + world.site.quiet_seconds
    while world.now() < until and (await _moving(world) or await _differ(world)):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(_LOOK_SECONDS)


async def _moving(world: World) -> bool:
    return any(fill.state is FillState.PROVISIONAL for fill in await _venue_fills(world.truth))


async def _differ(world: World) -> list[str]:
    """What the desk has otherwise than the venue, without anybody asking it to compare."""
    assert world.store is not None
    rows = _rows(world.store.inner, world.name)
    world.site.sent(_intents(rows))
    fills = await _venue_fills(world.truth)
    orders = [problem async for problem in _orders(world, await _venue_orders(world.truth), fills)]
    return orders + list(_fills(rows, fills))


def _cut_off(world: World, order: Order) -> bool:
    assert world.store is not None
    approval = world.store.inner.approval(order.approval_id or "")
    return approval is not None and approval.state is ApprovalState.USED


async def check(world: World) -> list[str]:
    """Every rule that is broken, in words. Ends the desk."""
    found = list(world.ledger.violations)
    try:
        await settle(world)
        if world.schedule.unaided and not any(action in world.site.unnoticed for action, _ in world.points.fired):
            found += [f"nobody told the desk: {problem}" for problem in await _differ(world)]
        await world.desk.reconcile()
    except VenuekitError as error:
        return [*found, f"the desk did not become quiet: {error.code} {error.message}"]
    found += [f"reconciling again found: {event.message}" for event in await world.desk.reconcile()]
    assert world.store is not None
    rows = _rows(world.store.inner, world.name)
    world.site.sent(_intents(rows))
    at_venue = await _venue_orders(world.truth)
    fills = await _venue_fills(world.truth)
    found += [f async for f in _orders(world, at_venue, fills)]
    found += _doubles(world, at_venue)
    found += _fills(rows, fills)
    found += _told(world, rows)
    found += _approvals(world, rows, at_venue)
    found += _money(rows)
    found += _secrets(rows, world.site.secrets)
    verified = world.store.inner.verify()
    if not verified.ok:
        found.append(f"the journal does not verify: {verified.problem}")
    await world.close_desk()
    found += await _holdings(world)
    found += world.site.complaints
    found += [v for v in world.ledger.violations if v not in found]
    return found


def _rows(store: Store, desk: str) -> list[Row]:
    return list(store.replay(desk))


def _intents(rows: list[Row]) -> list[Order]:
    """Orders as they were to be sent, the newest of each id."""
    written = {row.subject: row for row in rows if row.kind is EntryKind.INTENT}
    return [from_record(row.body, Order) for row in written.values()]


async def _venue_orders(venue: Truth) -> list[Order]:
    orders: list[Order] = []
    cursor: str | None = None
    while True:
        page = await venue.order_history(HistoryQuery(limit=500, cursor=cursor))
        orders += page.items
        cursor = page.next_cursor
        if cursor is None:
            return orders


async def _venue_fills(venue: Truth) -> list[Fill]:
    fills: list[Fill] = []
    cursor: str | None = None
    while True:
        page = await venue.fills(FillQuery(limit=500, cursor=cursor))
        fills += page.items
        cursor = page.next_cursor
        if cursor is None:
            return fills


async def _orders(world: World, at_venue: list[Order], fills: list[Fill]) -> Any:
    """No order at the venue that the desk has otherwise, and none here that the venue has otherwise.

    What was undone of an order's fills may be taken off what is filled of it, or not: whether it was told before.
    """
    undone: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        if fill.state is FillState.REVERSED:
            undone[fill.venue_order_id] += fill.size
    by_client = {o.client_order_id: o for o in at_venue}
    for theirs in at_venue:
        try:
            ours = await world.desk.order(theirs.client_order_id or "")
        except UnknownOrder:
            try:
                ours = await world.desk.order(theirs.venue_order_id or "")
            except UnknownOrder:
                yield f"the desk does not know {theirs.id}, {theirs.status.value} at the venue"
                continue
        never_came = ours.status is OrderStatus.REJECTED and ours.status_code == NEVER_RECEIVED
        if world.site.forgets_unfilled and never_came and theirs.is_done and not theirs.filled_size:
            continue
        failed = undone[theirs.venue_order_id or ""]
        if failed and ours.is_done and theirs.is_done and 0 <= theirs.filled_size - ours.filled_size <= failed:
            continue
        if (ours.status, ours.filled_size) != (theirs.status, theirs.filled_size):
            here = f"{ours.status.value} with {ours.filled_size} filled here"
            yield f"{ours.id} is {here}, and {theirs.status.value} with {theirs.filled_size} at the venue"
    for ours in await world.desk.open_orders():
        if ours.status in _UNRESOLVED:
            yield f"{ours.id} is still {ours.status.value}"
        elif ours.status is not OrderStatus.PENDING_APPROVAL and ours.id not in by_client:
            yield f"{ours.id} is {ours.status.value} here, and the venue does not have it"


def _doubles(world: World, at_venue: list[Order]) -> Iterator[str]:
    """Each intent at most once at the venue, by id and by count."""
    for order_id, count in Counter(o.client_order_id for o in at_venue).items():
        if count > 1:
            yield f"{order_id} is {count} times at the venue"
    sent = Counter(fact[0] for fact in world.ledger.of("sent"))
    sent.subtract(fact[0] for fact in world.ledger.of("not sent"))
    for theirs in at_venue:
        if sent[theirs.client_order_id or ""] < 1:
            yield f"{theirs.id} is at the venue, and was not sent"
    for order_id, count in sent.items():
        if count > 1:
            yield f"{order_id} was sent {count} times"


def _fills(rows: list[Row], at_venue: list[Fill]) -> Iterator[str]:
    """Each fill once in the journal, and once more when it is final; as final as the venue's, and no other."""
    written = [(str(row.body["id"]), FillState(row.body["state"])) for row in rows if row.kind is EntryKind.FILL]
    for (fill_id, state), count in Counter(written).items():
        if count > 1:
            yield f"fill {fill_id} is {count} times in the journal as {state.value}"
    last = dict(written)
    theirs = {f.id: f.state for f in at_venue}
    yield from (f"fill {i} of the venue is not in the journal" for i in sorted(set(theirs) - set(last)))
    yield from (f"fill {i} is in the journal, and the venue has no such" for i in sorted(set(last) - set(theirs)))
    for fill_id in sorted(set(theirs) & set(last)):
        if last[fill_id] is not theirs[fill_id]:
            yield f"fill {fill_id} is {last[fill_id].value} here, and {theirs[fill_id].value} at the venue"


def _told(world: World, rows: list[Row]) -> Iterator[str]:
    """Everything that somebody was told is still there."""
    assert world.store is not None
    by_number = {str(r.sequence): r for r in rows}
    for number, kind, subject in world.ledger.of("row"):
        row = by_number.get(number)
        if row is None or (row.kind.value, row.subject) != (kind, subject):
            yield f"row {number}, {kind} {subject}, was written and is lost"
    states = {(r.subject, r.body["status"], Decimal(r.body["filled_size"])) for r in rows if r.kind in _ORDERS}
    for order_id, status, filled in world.ledger.of("order"):
        if (order_id, status, Decimal(filled)) not in states:
            yield f"{order_id} was told to be {status} with {filled} filled, and the journal has no such row"
    reasons = {
        (r.subject, r.body["error"]["code"] if r.kind is EntryKind.DENIED else r.body["status_code"])
        for r in rows
        if r.kind is EntryKind.DENIED or r.kind in _ORDERS
    }
    for refusal in world.ledger.of("refusal"):
        if refusal not in reasons:
            yield f"{refusal[0]} was refused with {refusal[1]}, and the journal does not say so"
    controls = [
        (str(row.body["control"]["revision"]), row.body["control"]["state"])
        for row in world.store.inner.rows(RowQuery(kinds=(EntryKind.CONTROL,), limit=_MOST))
        if "control" in row.body
    ]
    for told in world.ledger.of("control"):
        if told not in controls:
            yield f"trading was set to {told[1]}, and the journal has no such row"
    fills = {r.body["id"] for r in rows if r.kind is EntryKind.FILL}
    yield from (f"fill {i} was told and is lost" for (i,) in world.ledger.of("fill") if i not in fills)


def _approvals(world: World, rows: list[Row], at_venue: list[Order]) -> Iterator[str]:
    """What was decided stays decided, and each approval is used at most once, for its own order."""
    assert world.store is not None
    moves = [(r.subject, r.body["state"]) for r in rows if r.kind is EntryKind.APPROVAL]
    for approval_id, state in world.ledger.of("approval"):
        if (approval_id, state) not in moves:
            yield f"approval {approval_id} was told to be {state}, and the journal has no such row"
    ended = Counter(subject for subject, state in moves if state in _ENDED)
    yield from (f"approval {i} ended {n} times" for i, n in ended.items() if n > 1)
    used = Counter(subject for subject, state in moves if state == ApprovalState.USED.value)
    yield from (f"approval {i} was used {n} times" for i, n in used.items() if n > 1)
    for theirs in at_venue:
        query = RowQuery(desk=world.name, subject=theirs.client_order_id, kinds=(EntryKind.INTENT,), limit=2)
        for row in world.store.inner.rows(query):
            needed = row.body.get("approval_id")
            if needed and not used[needed]:
                yield f"{theirs.id} is at the venue, and its approval {needed} was never used"


def _money(rows: list[Row]) -> Iterator[str]:
    """Nothing but trading moved money, so no comparison may have found it moved."""
    surprises = {"reconcile_balance", "reconcile_position"}
    for row in rows:
        if row.kind is EntryKind.RECONCILE and row.body.get("event") in surprises:
            yield f"the desk had the holdings wrong: {row.body.get('message')}"


def _secrets(rows: list[Row], secrets: Sequence[str]) -> Iterator[str]:
    """No key, and nothing made of it, is in any row."""
    for row in rows:
        text = f"{row.subject} {row.agent_id} {row.body}"
        yield from (f"row {row.sequence} has a secret in it" for secret in secrets if secret in text)


async def _holdings(world: World) -> list[str]:
    """The balances and positions that the desk wrote down at its end are the venue's."""
    store = world.open_store()
    snapshot = store.latest(world.name, EntryKind.SNAPSHOT)
    await store.close()
    if snapshot is None:
        return ["the desk kept no snapshot at its end"]
    body: Mapping[str, Any] = snapshot.body
    ours = {asset: Decimal(total) for asset, total in body["holdings"]["balances"].items()}
    theirs = {b.asset: b.total for b in await world.truth.balances()}
    found = _different("balance", ours, theirs)
    held = {name: Decimal(p["size"]) for name, p in body["holdings"]["positions"].items()}
    at_venue = {p.instrument: p.size for p in await world.truth.positions()}
    return found + _different("position", held, at_venue)


def _different(what: str, ours: dict[str, Decimal], theirs: dict[str, Decimal]) -> list[str]:
    zero = Decimal(0)
    return [
        f"{what} {name}: {ours.get(name, zero)} here, {theirs.get(name, zero)} at the venue"
        for name in sorted({*ours, *theirs})
        if ours.get(name, zero) != theirs.get(name, zero)
    ]
