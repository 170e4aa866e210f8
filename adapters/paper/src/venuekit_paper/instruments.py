"""What is traded on the paper exchange, and how each market behaves by default."""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.adapter import Instrument, InstrumentKind

VENUE = "paper"
D = Decimal


@attrs.frozen(kw_only=True)
class Behaviour:
    """How the simulator moves a market. Sizes in base units; steps and spread in ticks."""

    start: Decimal
    #: Typical move of one step, in ticks.
    step: int
    #: Half the distance between best bid and best ask, in ticks.
    half_spread: int
    #: Typical size of a quote.
    size: Decimal
    #: Ticks between two levels of the book.
    spacing: int
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


BEHAVIOURS: dict[str, Behaviour] = {
    "BTC-USD": Behaviour(start=D(60_000), step=400, half_spread=150, size=D("0.4"), spacing=250),
    "ETH-USD": Behaviour(start=D(3_000), step=40, half_spread=15, size=D(6), spacing=25),
    "SOL-USD": Behaviour(start=D(150), step=40, half_spread=15, size=D(90), spacing=25),
    "BTC-PERP": Behaviour(start=D(60_000), step=40, half_spread=12, size=D("0.8"), spacing=20, follows="BTC-USD"),
    "ETH-PERP": Behaviour(start=D(3_000), step=8, half_spread=3, size=D(12), spacing=5, follows="ETH-USD"),
    "FED-CUT-DEC:YES": Behaviour(start=D("0.62"), step=1, half_spread=1, size=D(400), spacing=1),
    "FED-CUT-DEC:NO": Behaviour(
        start=D("0.38"), step=1, half_spread=1, size=D(400), spacing=1, follows="FED-CUT-DEC:YES"
    ),
}
