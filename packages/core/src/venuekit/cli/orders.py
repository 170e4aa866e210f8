"""`venuekit orders` and `venuekit positions`: what the journal says is open and held."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from venuekit.books.holding import Holding
from venuekit.books.positions import Positions
from venuekit.cli.amounts import count
from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import amount, document, moment, note, pairs, table
from venuekit.cli.place import desks_of, find, read
from venuekit.errors import UnknownOrder
from venuekit.journal.replay import holdings, live_orders, recent_orders
from venuekit.model.account import Position
from venuekit.model.codec import from_record, to_plain
from venuekit.model.order import Fill, Order
from venuekit.protocols.journal import EntryKind, Row, RowQuery, Store

#: A venue's id may be as short as 12, and then it stands in many rows.
_MENTIONS = 10_000
_KINDS = (EntryKind.INTENT, EntryKind.ORDER, EntryKind.FILL, EntryKind.DENIED)


async def orders(
    order_id: str | None = None,
    /,
    *,
    all: Annotated[bool, Parameter(negative="")] = False,  # noqa: A002 - the flag is called so
    limit: int = 50,
    desk: str | None = None,
    options: Options = DEFAULT,
) -> int:
    """Open orders as the journal has them; with an id, that order from its beginning.

    Args:
        order_id: One order, by our id or by the venue's.
        all: Done orders too, the last changed first.
        limit: How many, with --all.
        desk: Only this desk, such as paper:default.
    """
    count(limit, "limit")
    async with read(find(options)) as store:
        if order_id is not None:
            return _one(store, order_id, desk, options)
        names = desks_of(store, desk)
        found = [
            (name, order)
            for name in names
            for order in (recent_orders(store, name, limit=limit) if all else live_orders(store, name))
        ]
    if options.json:
        document({"orders": [{"desk": name, **_order_body(order)} for name, order in found]})
        return OK
    if not found:
        note("No orders are recorded." if all else "No open orders. Done ones: venuekit orders --all")
        return OK
    table(
        ("ORDER", "DESK", "STATUS", "SIDE", "SIZE", "FILLED", "INSTRUMENT", "TYPE", "PRICE", "AGENT", "UPDATED"),
        [
            (
                order.id,
                name,
                order.status.value,
                order.side.value,
                _size(order),
                amount(order.filled_size),
                order.instrument,
                order.type.value,
                _price(order),
                order.agent_id or "-",
                moment(order.updated_ns),
            )
            for name, order in found
        ],
        right=("SIZE", "FILLED", "PRICE"),
    )
    return OK


def _order_body(order: Order) -> dict[str, Any]:
    return {"id": order.id, **to_plain(order)}


def _size(order: Order) -> str:
    return f"{amount(order.quote_size)} (quote)" if order.size is None and order.quote_size else amount(order.size)


def _price(order: Order) -> str:
    stop = f"stop {amount(order.stop_price)}" if order.stop_price is not None else ""
    limit = amount(order.price) if order.price is not None else ""
    return ", ".join(p for p in (limit, stop) if p) or (
        f"~{amount(order.average_price)}" if order.average_price is not None else "-"
    )


def _one(store: Store, order_id: str, desk: str | None, options: Options) -> int:
    rows = _history(store, order_id, desk)
    if not rows:
        named = store.rows(RowQuery(desk=desk, text=order_id, kinds=(EntryKind.ORDER,), limit=_MENTIONS))
        known = next((row for row in named if row.body.get("venue_order_id") == order_id), None)
        rows = _history(store, known.subject, known.desk) if known else []
    if not rows:
        raise UnknownOrder(
            f"No order {order_id[:60]!r} in the journal.", fix="See: venuekit orders --all", field="order_id"
        )
    states = [row for row in rows if row.kind in (EntryKind.INTENT, EntryKind.ORDER)]
    last = from_record(states[-1].body, Order) if states else None
    if options.json:
        order = {"desk": rows[0].desk, **_order_body(last)} if last else None
        document({"order": order, "history": [to_plain(row) for row in rows]})
        return OK
    if last is not None:
        pairs(
            (name, value)
            for name, value in (("desk", rows[0].desk), *_order_body(last).items())
            if value not in (None, "", False)
        )
        print()
    table(("TIME", "WHAT", "DETAIL"), [(moment(row.time_ns), row.kind.value, _detail(row)) for row in rows])
    return OK


def _history(store: Store, order_id: str, desk: str | None) -> list[Row]:
    query = RowQuery(desk=desk, subject=order_id, kinds=_KINDS, newest_first=False, limit=1000)
    return list(store.rows(query))


def _detail(row: Row) -> str:
    if row.kind is EntryKind.FILL:
        fill = from_record(row.body, Fill)
        return f"{fill.side.value} {amount(fill.size)} at {amount(fill.price)}, fee {amount(fill.fee)} {fill.fee_asset}"
    if row.kind is EntryKind.DENIED:
        return str(row.body.get("error", {}).get("message", ""))
    order = from_record(row.body, Order)
    why = f": {order.status_reason}" if order.status_reason else ""
    return f"{order.status.value} {amount(order.filled_size)}/{_size(order)} {_price(order)}{why}"


async def positions(*, desk: str | None = None, options: Options = DEFAULT) -> int:
    """Positions as the fold of every recorded fill.

    What was held before the desk first saw the account is not in it; the venue's own answer is.

    Args:
        desk: Only this desk, such as paper:default.
    """
    async with read(find(options)) as store:
        found = [(name, position) for name in desks_of(store, desk) for position in _positions(store, name)]
    if options.json:
        document({"positions": [{"desk": name, **_position_body(position)} for name, position in found]})
        return OK
    if not found:
        note("No positions. They appear with the first fill; orders: venuekit orders --all")
        return OK
    table(
        ("DESK", "INSTRUMENT", "SIZE", "AVERAGE ENTRY", "REALIZED", "FEES", "UPDATED"),
        [
            (
                name,
                p.instrument,
                amount(p.size),
                amount(p.average_entry_price),
                amount(p.realized_pnl),
                amount(p.fees_paid),
                moment(p.updated_ns),
            )
            for name, p in found
        ],
        right=("SIZE", "AVERAGE ENTRY", "REALIZED", "FEES"),
    )
    return OK


def _position_body(position: Position) -> dict[str, Any]:
    """What fills alone can tell; the quote currency and the market's price are not among it."""
    return {k: v for k, v in to_plain(position).items() if k not in ("quote", "mark_price", "unrealized_pnl")}


def _positions(store: Store, desk: str) -> list[Position]:
    venue, _, account = desk.partition(":")
    book = Positions(venue, account, lambda _: None)
    held, since = holdings(store, desk)
    book.resume({name: from_record(holding, Holding) for name, holding in held.items()})
    for fill in since:
        book.apply(fill)
    return [book.position(name, None) for name in book.instruments() if book.size(name) != 0]
