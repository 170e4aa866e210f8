"""What an order would do, without placing it: its cost, and why it would be refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import Instrument, InstrumentKind, Level, OrderRequest, Side, VenuekitError, normal, plain
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named
from venuekit_doubles.coinbase.intents import BadOrder, refusal_of, request_of
from venuekit_doubles.coinbase.market_words import text
from venuekit_doubles.coinbase.seat import Seat

_ZERO = Decimal(0)


async def preview(backing: Backing, seat: Seat, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a preview; what would be refused is named in ``errs``."""
    try:
        wanted = request_of({**body, "client_order_id": None})
        instrument = await backing.instrument(wanted.instrument)
    except (BadOrder, VenuekitError) as error:
        bad = error if isinstance(error, BadOrder) else refusal_of(error)
        return _shown(errors=[bad.preview or f"PREVIEW_{bad.reason}"])
    book = await backing.venue.order_book(instrument.id, depth=500)
    limit: Decimal | None = getattr(wanted, "price", None)
    base, average = _taken(wanted, limit, book.asks if wanted.side is Side.BUY else book.bids)
    value = base * average
    rate = (await backing.venue.profile()).taker_fee_rate or _ZERO
    fee = value * rate
    best = book.bids[0].price if book.bids else None, book.asks[0].price if book.asks else None
    crosses = limit is not None and base > 0 and _reaches(wanted.side, limit, best)
    errors = [f"PREVIEW_{word}" for word in _wrong(wanted, instrument, base, limit)]
    if getattr(wanted, "post_only", False) and crosses:
        errors.append("PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY")
    if not errors and _short(seat, wanted, instrument, base, value + fee):
        errors.append("PREVIEW_INSUFFICIENT_FUND")
    return _shown(
        errors=errors,
        total=value + fee if wanted.side is Side.BUY else value - fee,
        fee=fee,
        base=base,
        quote=value,
        average=average,
        best=best,
    )


def _taken(wanted: OrderRequest, limit: Decimal | None, side: Sequence[Level]) -> tuple[Decimal, Decimal]:
    """Base units, and the average price that they would have: the limit's, or what the book gives a market order."""
    size: Decimal | None = getattr(wanted, "size", None)
    if limit is not None:
        return size or _ZERO, limit
    money: Decimal | None = getattr(wanted, "quote_size", None)
    got = spent = _ZERO
    for level in side:
        more = level.size
        if size is not None:
            more = min(more, size - got)
        elif money is not None:
            more = min(more, (money - spent) / level.price)
        if more <= 0:
            break
        got, spent = got + more, spent + more * level.price
    return got, spent / got if got else _ZERO


def _reaches(side: Side, limit: Decimal, best: tuple[Decimal | None, Decimal | None]) -> bool:
    bid, ask = best
    return (ask is not None and limit >= ask) if side is Side.BUY else (bid is not None and limit <= bid)


def _wrong(wanted: OrderRequest, instrument: Instrument, base: Decimal, limit: Decimal | None) -> list[str]:
    """What is wrong with its size and price, in the wire's words without their prefix."""
    found = []
    size: Decimal | None = getattr(wanted, "size", None)
    if size is not None and size % instrument.lot_size:
        found.append("INVALID_SIZE_PRECISION")
    if limit is not None and limit % instrument.tick_size:
        found.append("INVALID_PRICE_PRECISION")
    if size is not None and size < instrument.min_size:
        found.append("INVALID_BASE_SIZE_TOO_SMALL")
    if instrument.max_size is not None and base > instrument.max_size:
        found.append("INVALID_BASE_SIZE_TOO_LARGE")
    money: Decimal | None = getattr(wanted, "quote_size", None)
    if money is not None and instrument.min_notional is not None and money < instrument.min_notional:
        found.append("INVALID_QUOTE_SIZE_TOO_SMALL")
    return found


def _short(seat: Seat, wanted: OrderRequest, instrument: Instrument, base: Decimal, cost: Decimal) -> bool:
    balances = seat.balances()
    buys = wanted.side is Side.BUY
    if instrument.kind is not InstrumentKind.SPOT:
        return False  # margin is the exchange's to judge, with the position there is
    needed, asset = (cost, instrument.quote) if buys else (base, instrument.base)
    held = balances.get(asset)
    return needed > (held.available if held is not None else _ZERO)


def _shown(
    *,
    errors: Sequence[str],
    total: Decimal = _ZERO,
    fee: Decimal = _ZERO,
    base: Decimal = _ZERO,
    quote: Decimal = _ZERO,
    average: Decimal = _ZERO,
    best: tuple[Decimal | None, Decimal | None] = (None, None),
) -> dict[str, Any]:
    cents, eighths = Decimal("0.01"), Decimal("0.00000001")
    return {
        "order_total": plain(total.quantize(cents)),
        "commission_total": plain(normal(fee.quantize(eighths))),
        "errs": list(errors),
        "warning": [],
        "quote_size": plain(quote.quantize(cents)),
        "base_size": plain(normal(base.quantize(eighths))),
        "best_bid": text(best[0]) or "0",
        "best_ask": text(best[1]) or "0",
        "is_max": False,
        "order_margin_total": "0",
        "leverage": "",
        "long_leverage": "",
        "short_leverage": "",
        "slippage": "0",
        "est_average_filled_price": plain(normal(average.quantize(eighths))),
        "preview_id": named("preview", text(total), text(base), text(best[0]), text(best[1])),
    }
