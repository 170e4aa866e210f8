"""What is traded on the paper exchange, and how each market behaves by default."""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.adapter import ZERO, Instrument, InstrumentKind

VENUE = "paper"
D = Decimal


@attrs.frozen(kw_only=True)
class Behaviour:
    """How the simulator moves and quotes a market; prices in quote, sizes in base units."""

    start: Decimal
    #: How far one step may go; a step is the sum of two draws from minus to plus this.
    move: Decimal
    #: The least distance of the house's quotes from the price.
    half_spread: Decimal
    #: Distance between two levels of the book; whole ticks.
    spacing: Decimal
    #: Typical size of a quote, and the largest of somebody who trades at the market.
    size: Decimal
    #: Sizes are whole numbers of this, and of lots; `size` is one, too.
    grain: Decimal = ZERO
    #: The market it follows, if it is derived.
    follows: str | None = None


def _spot(base: str, tick: str, lot: str, name: str) -> Instrument:
    return Instrument(
        id=f"{base}-USD",
        venue=VENUE,
        kind=InstrumentKind.SPOT,
        base=base,
        quote="USD",
        tick_size=D(tick),
        lot_size=D(lot),
        min_size=D(lot),
        max_size=D(10_000_000) * D(lot) * 100,
        min_notional=D(1),
        name=name,
    )


def _perpetual(base: str, tick: str, lot: str, name: str) -> Instrument:
    return Instrument(
        id=f"{base}-PERP",
        venue=VENUE,
        kind=InstrumentKind.PERPETUAL,
        base=base,
        quote="USD",
        tick_size=D(tick),
        lot_size=D(lot),
        min_size=D(lot),
        max_size=D(10_000_000) * D(lot) * 100,
        min_notional=D(1),
        initial_margin=D("0.1"),
        name=name,
    )


def _outcome(market: str, outcome: str, other: str, question: str) -> Instrument:
    return Instrument(
        id=f"{market}:{outcome}",
        venue=VENUE,
        kind=InstrumentKind.BINARY_OUTCOME,
        base=f"{market}:{outcome}",
        quote="USD",
        tick_size=D("0.01"),
        lot_size=D("0.01"),
        min_size=D(1),
        max_size=D(1_000_000),
        min_price=D("0.01"),
        max_price=D("0.99"),
        name=f"{question} {outcome}",
        complement=f"{market}:{other}",
    )


def default_instruments() -> list[Instrument]:
    """Spot, perpetual and two-outcome markets, sorted by id."""
    question = "Will the central bank cut its rate in December?"
    found = [
        _spot("BTC", "0.01", "0.0001", "Bitcoin"),
        _spot("ETH", "0.01", "0.001", "Ether"),
        _spot("SOL", "0.001", "0.01", "Solana"),
        _perpetual("BTC", "0.1", "0.001", "Bitcoin perpetual"),
        _perpetual("ETH", "0.05", "0.01", "Ether perpetual"),
        _outcome("FED-CUT-DEC", "YES", "NO", question),
        _outcome("FED-CUT-DEC", "NO", "YES", question),
    ]
    return sorted(found, key=lambda i: i.id)


def _behaviour(start: str, move: str, half_spread: str, spacing: str, size: str, follows: str = "") -> Behaviour:
    return Behaviour(
        start=D(start),
        move=D(move),
        half_spread=D(half_spread),
        spacing=D(spacing),
        size=D(size),
        follows=follows or None,
    )


#: At four steps a second the first three move by about 1.6 % a day, and seldom further than 5 % from their start.
BEHAVIOURS: dict[str, Behaviour] = {
    "BTC-USD": _behaviour("60000", "2", "0.5", "1", "0.4"),
    "ETH-USD": _behaviour("3000", "0.1", "0.04", "0.05", "6"),
    "SOL-USD": _behaviour("150", "0.006", "0.003", "0.005", "90"),
    "BTC-PERP": _behaviour("60000", "2", "0.5", "1", "0.8", "BTC-USD"),
    "ETH-PERP": _behaviour("3000", "0.1", "0.05", "0.05", "12", "ETH-USD"),
    "FED-CUT-DEC:YES": _behaviour("0.62", "0.0002", "0.004", "0.01", "400"),
    "FED-CUT-DEC:NO": _behaviour("0.38", "0.0002", "0.004", "0.01", "400", "FED-CUT-DEC:YES"),
}
