"""What an order gives and gets at least, in whole millionths: the price is nowhere else in a signed order.

An order that rests (GTC, GTD) is for exactly its shares, and its money only says the price. One that trades at once
(FOK, FAK) is for exactly what it gives: a BUY spends its money and gets more shares where they are cheaper, a SELL
sells its shares; the other amount only says the limit (observed and documented by users of the venue, 2026-11).
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.adapter import (
    EXACT,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    Side,
    ceil_to,
    floor_to,
    is_multiple,
    minus,
    normal,
    plain,
    ratio,
    times,
)

#: Every tick that a market may have, coarsest first (official client 0.14).
TICKS = tuple(map(Decimal, ("0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001")))
#: The finest step of any price: a limit between two of its multiples lets nothing worse through than the one below.
FINEST = TICKS[-1]
#: The step of shares, and of what an order that trades at once gives, in money or in shares.
CENT = Decimal("0.01")
#: The step of what an order that trades at once gets.
_GETS = FINEST
_MILLION = 1_000_000


@attrs.frozen(kw_only=True)
class Amounts:
    """Millionths: `maker` is what the order gives, `taker` what it gets for that at least."""

    maker: int
    taker: int


def _millionths(value: Decimal) -> int:
    return int(times(value, Decimal(_MILLION)))


def check_price(price: Decimal, tick: Decimal) -> None:
    """A price from one tick to one tick below 1, on the tick.

    Raises:
        InvalidPrice: with the nearest that would do.
    """
    high = minus(Decimal(1), tick)
    if tick <= price <= high and is_multiple(price, tick):
        return
    if tick <= price <= high:
        nearest = [floor_to(price, tick), ceil_to(price, tick)]
    else:
        nearest = [tick if price < tick else high]
    shown = [plain(p) for p in nearest]
    raise InvalidPrice(
        f"price {plain(price)} is not one of {plain(tick)}, in steps of that, to {plain(high)}.",
        fix=f"Nearest valid: {' or '.join(shown)}.",
        field="price",
        details={"tick_size": plain(tick), "nearest": shown},
    )


def check_step(value: Decimal, field: str) -> None:
    """Shares, or the money that a BUY at once spends, have two decimals.

    Raises:
        InvalidSize: with the nearest that would do.
    """
    if value > 0 and is_multiple(value, CENT):
        return
    nearest = [plain(normal(v)) for v in (floor_to(value, CENT), ceil_to(value, CENT)) if v > 0] or [plain(CENT)]
    what = "pUSD to spend" if field == "quote_size" else "shares"
    raise InvalidSize(
        f"{field} {plain(value)}: Polymarket counts {what} in hundredths.",
        fix=f"Nearest valid: {' or '.join(nearest)}.",
        field=field,
        details={"lot_size": plain(CENT), "nearest": nearest},
    )


def resting(side: Side, price: Decimal, size: Decimal, tick: Decimal) -> Amounts:
    """An order that may rest: exact, since size and price together have no more digits than a millionth.

    Raises:
        InvalidPrice, InvalidSize: with the nearest that would do.
    """
    check_price(price, tick)
    check_step(size, "size")
    shares, money = _millionths(size), _millionths(times(size, price))
    return Amounts(maker=money, taker=shares) if side is Side.BUY else Amounts(maker=shares, taker=money)


def buying(spend: Decimal, limit: Decimal, tick: Decimal) -> Amounts:
    """A BUY that trades at once: spends `spend`, for no share more than `limit`.

    The shares are rounded down to four decimals, which lets asks at the limit match and none above it; rounded up,
    the limit would be a hair lower and an ask exactly there could never be bought.

    Raises:
        InvalidPrice, InvalidSize: with the nearest that would do.
    """
    check_price(limit, tick)
    check_step(spend, "quote_size")
    least = floor_to(ratio(spend, limit), _GETS)
    if reach(spend, least) > limit:
        enough = next(m for m in _more(spend) if reach(m, floor_to(ratio(m, limit), _GETS)) == limit)
        raise InvalidSize(
            f"{plain(spend)} pUSD at {plain(limit)} are less than what the venue can count.",
            fix=f"Spend {plain(enough)} or more.",
            field="quote_size",
            details={"nearest": [plain(enough)]},
        )
    return Amounts(maker=_millionths(spend), taker=_millionths(least))


def _more(spend: Decimal) -> list[Decimal]:
    return [EXACT.add(spend, times(CENT, Decimal(n))) for n in range(1, 200)]


def selling(size: Decimal, limit: Decimal, tick: Decimal) -> Amounts:
    """A SELL that trades at once: `size` shares, each for no less than `limit`.

    Raises:
        InvalidPrice, InvalidSize: with the nearest that would do.
    """
    check_price(limit, tick)
    check_step(size, "size")
    exact = times(size, limit)
    least = floor_to(exact, _GETS)
    if least <= 0 or bottom(size, least) < limit:
        enough = next(s for s in _more(size) if bottom(s, floor_to(times(s, limit), _GETS)) == limit)
        raise InvalidSize(
            f"{plain(size)} shares at {plain(limit)} bring less than what the venue can count.",
            fix=f"Sell {plain(enough)} or more.",
            field="size",
            details={"nearest": [plain(enough)]},
        )
    return Amounts(maker=_millionths(size), taker=_millionths(least))


def reach(spend: Decimal, least: Decimal) -> Decimal:
    """The highest price, on the finest step, at which `spend` still gets `least` shares."""
    if least <= 0:
        raise InvalidValue("An order that gets nothing has no price.", field="size")
    return floor_to(ratio(spend, least), FINEST)


def bottom(size: Decimal, least: Decimal) -> Decimal:
    """The lowest price, on the finest step, at which `size` shares still bring `least`."""
    return ceil_to(ratio(least, size), FINEST)
