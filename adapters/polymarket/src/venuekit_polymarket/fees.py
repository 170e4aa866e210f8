"""The venue's fee of a trade, from the market's own parameters; nothing is known here that a market does not say."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from venuekit.adapter import EXACT, ONE, ZERO, Instrument, Liquidity, half_even_to, minus, times

#: A fee is rounded to that, and what rounds to nothing is not charged (venue's documents, 2026-06).
_STEP = Decimal("0.00001")


@attrs.frozen
class FeeTerms:
    """``fd`` of a market: ``fee = shares * rate * (p * (1 - p)) ** exponent``, in collateral."""

    rate: Decimal = ZERO
    exponent: Decimal = ONE
    taker_only: bool = True


def terms_of(instrument: Instrument | None) -> FeeTerms:
    """The terms that an instrument carries; none of them is no fee."""
    told: Mapping[str, str] = {} if instrument is None else instrument.metadata
    return FeeTerms(
        rate=Decimal(told.get("fee_rate") or "0"),
        exponent=Decimal(told.get("fee_exponent") or "1"),
        taker_only=told.get("fee_taker_only", "true") != "false",
    )


def fee(terms: FeeTerms, price: Decimal, size: Decimal, liquidity: Liquidity) -> Decimal:
    """What a fill costs, in collateral, to five decimals."""
    if terms.rate <= 0 or (liquidity is Liquidity.MAKER and terms.taker_only):
        return ZERO
    curve = EXACT.power(times(price, minus(ONE, price)), terms.exponent)
    return half_even_to(times(times(size, terms.rate), curve), _STEP)
