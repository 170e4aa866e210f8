"""Coinbase's products as instruments, kept for as long as the configuration says."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    NANOS,
    ONE,
    Clock,
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    UnknownInstrument,
    VenueDown,
)
from venuekit_coinbase.reading import amount, positive, rows, table, text, time_ns

VENUE = "coinbase"
_LONGEST = 64
#: Products whose contracts expire only in name are perpetuals: they pay funding (venue's documents, 2026-10).
_PERPETUAL = "EXPIRING"


def instrument_from(product: Mapping[str, Any]) -> Instrument | None:
    """The product as an instrument; None for kinds that are not traded here, such as equities and predictions."""
    identity, kind = text(product, "product_id"), text(product, "product_type")
    details = table(product, "future_product_details")
    if not identity or kind not in ("SPOT", "FUTURE", "UNKNOWN_PRODUCT_TYPE", ""):
        return None
    lot = positive(product, "base_increment")
    tick = positive(product, "price_increment") or positive(product, "quote_increment")
    if lot is None or tick is None:
        return None
    future = kind == "FUTURE"
    base, _, quote = identity.partition("-")
    shown = text(product, "display_name") or text(product, "base_name")
    metadata = {
        "product_type": kind,
        "product_venue": text(product, "product_venue"),
        "alias": text(product, "alias"),
    }
    return Instrument(
        id=identity,
        venue=VENUE,
        kind=_kind(details) if future else InstrumentKind.SPOT,
        base=text(product, "base_currency_id") or text(details, "contract_root_unit") or base,
        quote=text(product, "quote_currency_id") or (quote if not future else "USD"),
        tick_size=tick,
        lot_size=lot,
        min_size=positive(product, "base_min_size") or lot,
        max_size=positive(product, "base_max_size"),
        min_notional=None if future else positive(product, "quote_min_size"),
        contract_size=(positive(details, "contract_size") or ONE) if future else ONE,
        initial_margin=_margin(details) if future else ONE,
        status=_status(product),
        name=shown[:200],
        expiry_ns=time_ns(details, "contract_expiry") if _kind(details) is InstrumentKind.FUTURE and future else None,
        metadata={name: value[:200] for name, value in metadata.items() if value},
    )


def _kind(details: Mapping[str, Any]) -> InstrumentKind:
    funded = amount(table(details, "perpetual_details"), "funding_rate") is not None or text(
        details, "funding_interval"
    )
    named = "PERP" in (text(details, "contract_display_name") + text(details, "group_description")).upper()
    return InstrumentKind.PERPETUAL if funded or named else InstrumentKind.FUTURE


def _margin(details: Mapping[str, Any]) -> Decimal:
    rates = table(details, "intraday_margin_rate"), table(details, "overnight_margin_rate")
    # The higher of day and night, and of long and short: a limit that is too strict costs less than one too loose.
    known = [r for t in rates for r in (positive(t, "long_margin_rate"), positive(t, "short_margin_rate")) if r]
    return min(max(known), ONE) if known else ONE


def _status(product: Mapping[str, Any]) -> InstrumentStatus:
    online = text(product, "status") in ("online", "")
    session = table(product, "fcm_trading_session_details")
    if not online or product.get("is_disabled") or product.get("trading_disabled") or product.get("view_only"):
        return InstrumentStatus.HALTED
    if session and session.get("is_session_open") is False:
        return InstrumentStatus.HALTED
    if product.get("cancel_only"):
        return InstrumentStatus.CANCEL_ONLY
    return InstrumentStatus.POST_ONLY if product.get("post_only") else InstrumentStatus.TRADING


class Instruments:
    """The list of products, asked for again when it is older than `ttl_seconds`, and never by two callers at once."""

    def __init__(self, ask: Callable[[], Awaitable[Any]], clock: Clock, ttl_seconds: float) -> None:
        self._ask = ask
        self._clock = clock
        self._ttl_ns = int(ttl_seconds * NANOS)
        self._asked_ns: int | None = None
        self._known: dict[str, Instrument] = {}
        self._products: dict[str, Mapping[str, Any]] = {}

    async def all(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id. An old list is better than none when the venue does not answer."""
        now = self._clock.monotonic_ns()
        if self._asked_ns is None or now - self._asked_ns >= self._ttl_ns:
            try:
                self._take(rows(await self._ask(), "products"))
                self._asked_ns = now
            except VenueDown:
                if not self._known:
                    raise
        return [self._known[name] for name in sorted(self._known)]

    def _take(self, products: Sequence[Mapping[str, Any]]) -> None:
        for product in products:
            self.changed(product)

    def changed(self, product: Mapping[str, Any]) -> Instrument | None:
        """Take in one product as it is now; the instrument when it is another than before."""
        instrument = instrument_from(product)
        if instrument is None or self._known.get(instrument.id) == instrument:
            return None
        self._known[instrument.id] = instrument
        return instrument

    async def one(self, name: str) -> Instrument:
        """One instrument by id, in any case.

        Raises:
            UnknownInstrument: with near matches.
        """
        if self._asked_ns is None or name not in self._known:
            await self.all()
        found = self._known.get(name) or self._known.get(name.upper())
        if found is None:
            near = difflib.get_close_matches(name.upper()[:_LONGEST], self._known, n=3)
            raise UnknownInstrument(
                f"No instrument {name[:_LONGEST]!r} at Coinbase.",
                fix=f"Did you mean {' or '.join(near)}?" if near else "Search for it.",
                field="instrument",
                details={"near": near},
            )
        return found

    def forget(self) -> None:
        """Ask anew when the next one wants to know."""
        self._asked_ns = None
        self._known.clear()

    def known(self, name: str) -> Instrument | None:
        """One instrument, if it was told of."""
        return self._known.get(name)

    def quote_of(self, name: str) -> str:
        """The asset in which fees and cost of a product are told."""
        known = self._known.get(name)
        return known.settle if known is not None else name.rpartition("-")[2] or "USD"
