"""Coinbase's orders and fills as ours, to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venuekit.adapter import (
    ZERO,
    AccountId,
    Fill,
    Liquidity,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    VenueDown,
    half_even_to,
    normal,
    plus,
    ratio,
)
from venuekit_coinbase.instruments import VENUE, Instruments
from venuekit_coinbase.order_words import Terms, status, terms
from venuekit_coinbase.reading import number, positive, rows, text, time_ns

#: Digits after the point of a size that is computed from cost and price.
_SIZE_DIGITS = 24
_ENDED_BADLY = (OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED)


class Orders:
    """Reads payloads into orders of one account."""

    def __init__(self, account: AccountId, instruments: Instruments) -> None:
        self._account = account
        self._instruments = instruments

    def order(self, body: Mapping[str, Any]) -> Order:
        """An order as REST has it.

        Raises:
            VenueDown: it has no id, side or time.
        """
        wanted = terms(body)
        filled = number(body, "filled_size")
        created = time_ns(body, "created_time")
        if not text(body, "order_id") or text(body, "side") not in ("BUY", "SELL") or created is None:
            raise VenueDown("Coinbase told of an order without id, side or time.", fix="Try again.")
        state = status(body, wanted.type, filled)
        known = (
            *(time_ns(body, "last_fill_time"), time_ns(body, "last_update_time"), created),
            *(time_ns(edit, "replace_accept_timestamp") for edit in rows(body, "edit_history")),
        )
        instrument = text(body, "product_id")
        ended_badly = state in _ENDED_BADLY
        return Order(
            venue=VENUE,
            account=self._account,
            instrument=instrument,
            side=Side(text(body, "side")),
            type=wanted.type,
            status=state,
            time_in_force=wanted.time_in_force,
            created_ns=created,
            updated_ns=max(t for t in known if t is not None),
            size=_size(wanted, state, filled),
            quote_size=wanted.quote_size if wanted.type is OrderType.MARKET else None,
            price=wanted.price,
            stop_price=wanted.stop_price,
            expires_at_ns=wanted.expires_at_ns,
            post_only=wanted.post_only,
            client_order_id=text(body, "client_order_id") or None,
            venue_order_id=text(body, "order_id"),
            filled_size=filled,
            average_price=positive(body, "average_filled_price") if filled > 0 else None,
            fees=number(body, "total_fees"),
            fee_asset=self._instruments.quote_of(instrument),
            status_code=_code(body) if ended_badly else None,
            status_reason=_reason(body)[:300] if ended_badly else "",
        )

    def placed(self, request: OrderRequest, order_id: str, now_ns: int) -> Order:
        """The order that `request` has become, as long as the venue has told nothing but its id."""
        return Order.of(
            request,
            venue=VENUE,
            account=self._account,
            status=OrderStatus.OPEN,
            at_ns=now_ns,
            venue_order_id=order_id,
            fee_asset=self._instruments.quote_of(request.instrument),
        )

    def from_frame(self, row: Mapping[str, Any], known: Order | None, at_ns: int) -> Order | None:
        """An order of the user channel, which is cumulative and leaves out terms; None without what it needs.

        `known` is the order as it was told before, whose terms count where the frame has none.
        """
        filled, leaves = number(row, "cumulative_quantity"), number(row, "leaves_quantity")
        created = time_ns(row, "creation_time")
        identity, side = text(row, "order_id"), text(row, "order_side")
        if not identity or side not in ("BUY", "SELL") or created is None:
            return None
        wanted = _frame_terms(row)
        kind = known.type if known is not None else wanted.type
        state = status(row, kind, filled)
        # What is left is zeroed when an order ends, so only a live one says its size.
        size = plus(filled, leaves) if state not in _ENDED_BADLY and leaves + filled > 0 else None
        instrument = text(row, "product_id")
        by_quote = known is not None and known.quote_size is not None and state is not OrderStatus.FILLED
        return Order(
            venue=VENUE,
            account=self._account,
            instrument=instrument,
            side=Side(side),
            type=kind,
            status=state,
            time_in_force=known.time_in_force if known is not None else wanted.time_in_force,
            created_ns=created,
            updated_ns=max(created, at_ns, known.updated_ns if known is not None else 0),
            size=known.size if known is not None and (known.size is not None or by_quote) else size,
            quote_size=known.quote_size if known is not None else None,
            price=positive(row, "limit_price") or (known.price if known is not None else None),
            stop_price=positive(row, "stop_price") or (known.stop_price if known is not None else None),
            expires_at_ns=time_ns(row, "end_time"),
            post_only=text(row, "post_only").lower() == "true",
            client_order_id=text(row, "client_order_id") or None,
            venue_order_id=identity,
            filled_size=filled,
            average_price=positive(row, "avg_price") if filled > 0 else None,
            fees=number(row, "total_fees"),
            fee_asset=self._instruments.quote_of(instrument),
            status_code=_code(row) if state in _ENDED_BADLY else None,
            status_reason=_reason(row)[:300] if state in _ENDED_BADLY else "",
        )

    def fill(self, row: Mapping[str, Any], client_order_id: str | None = None) -> Fill:
        """One execution. A size told in quote, as for market buys, becomes one in base.

        Raises:
            VenueDown: it has no id, price or time.
        """
        price, size, at = positive(row, "price"), number(row, "size"), time_ns(row, "trade_time")
        identity = text(row, "entry_id") or text(row, "trade_id")
        instrument = text(row, "product_id")
        if price is None or at is None or not identity or text(row, "side") not in ("BUY", "SELL"):
            raise VenueDown("Coinbase told of a fill without id, side, price or time.", fix="Try again.")
        if row.get("size_in_quote") is True:
            known = self._instruments.known(instrument)
            step = known.lot_size if known is not None else None
            exact = ratio(size, price)
            size = half_even_to(exact, step) if step is not None else normal(round(exact, _SIZE_DIGITS))
        return Fill(
            id=identity,
            venue=VENUE,
            account=self._account,
            instrument=instrument,
            venue_order_id=text(row, "order_id"),
            client_order_id=client_order_id,
            side=Side(text(row, "side")),
            price=price,
            size=size,
            fee=number(row, "commission"),
            fee_asset=self._instruments.quote_of(instrument),
            liquidity=Liquidity.MAKER if text(row, "liquidity_indicator") == "MAKER" else Liquidity.TAKER,
            time_ns=at,
        )


def _size(wanted: Terms, state: OrderStatus, filled: Any) -> Any:
    """The whole size; that of an order by quote is known once it is over."""
    if wanted.size is not None:
        return wanted.size
    over = state is OrderStatus.FILLED or (wanted.quote_size is not None and state in _ENDED_BADLY)
    return filled if over and filled > ZERO else None


def _frame_terms(row: Mapping[str, Any]) -> Terms:
    """Type and time in force in the user channel's words: ``Limit``, ``Stop Limit``."""
    words = {**row, "order_type": text(row, "order_type").upper().replace(" ", "_")}
    return terms(words)


def _code(body: Mapping[str, Any]) -> str | None:
    for name in ("reject_reason", "cancel_reason"):
        code = text(body, name)
        if code and not code.endswith("_UNSPECIFIED"):
            return code[:100]
    return None


def _reason(body: Mapping[str, Any]) -> str:
    return text(body, "reject_message") or text(body, "cancel_message") or _code(body) or ""


def difference(request: OrderRequest, order: Order) -> str:
    """What of `order` is not as `request` asks; empty when it is that order, as far as the venue tells.

    Expiries are compared to the second, the finest that the venue is seen to keep.
    An order whose configuration is null, as the venue has it now and then, has no terms that could differ.
    """
    bare = order.price is None and order.quote_size is None and order.size in (None, order.filled_size)
    wanted = {
        "instrument": (request.instrument, order.instrument),
        "side": (request.side, order.side),
        "type": (request.type, order.type),
        "size": (request.size, order.size if getattr(request, "quote_size", None) is None else None),
        "quote_size": (getattr(request, "quote_size", None), order.quote_size),
        "price": (getattr(request, "price", None), order.price),
        "stop_price": (getattr(request, "stop_price", None), order.stop_price),
        "time_in_force": (request.time_in_force, order.time_in_force),
        "post_only": (getattr(request, "post_only", False), order.post_only),
        "expires_at": (_second(getattr(request, "expires_at_ns", None)), _second(order.expires_at_ns)),
    }
    told = {name for name, (_, has) in wanted.items() if has is not None}
    if bare:
        told &= {"instrument", "side", "size"}
    return ", ".join(name for name, (asked, has) in wanted.items() if asked != has and (name in told or not bare))


def _second(time_ns: int | None) -> int | None:
    return None if time_ns is None else time_ns // 1_000_000_000
