"""The shadow exchange: our orders on the paper engine, among a house that quotes what the live venue quotes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    CancelResult,
    Instrument,
    Level,
    Order,
    OrderRef,
    OrderRequest,
    OutcomeUnknown,
    Side,
    Trade,
    Unavailable,
    VenuekitError,
)
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import Fees, FeeSchedule
from venuekit_paper.reports import LEVEL
from venuekit_paper.shadow import keeping
from venuekit_paper.shadow.keeping import Keeping
from venuekit_paper.shadow.mirror import Mirror
from venuekit_paper.shadow.options import ShadowOptions

HOUSE = "~live"
#: Assets are kept this fine, so that instruments listed later need no finer places than an old account has.
_PLACES = 18
T = TypeVar("T")


class ShadowEngine:
    """One account. Time comes in with every command. What happened to the account is durable when a command returns."""

    def __init__(
        self,
        options: ShadowOptions,
        fees: FeeSchedule,
        *,
        venue: str,
        account: str,
        instruments: Sequence[Instrument],
        path: Path | None,
        now_ns: int,
    ) -> None:
        """Raises StoreInUse, StoreDamaged, Unavailable."""
        self.account = account
        self._keeping = Keeping(path)
        try:
            saved = self._keeping.saved()
            listed = {i.id for i in instruments}
            known = [*instruments, *keeping.gone(saved, listed)]
            self.exchange = Exchange(known, fees, venue=venue, history=self._keeping.history, least_digits=_PLACES)
            if saved is None:
                self.exchange.open_account(account, options.balances, now_ns)
            else:
                self._restore(saved)
                self.exchange.matcher.fees = Fees(fees, at_least=saved["fee_denominator"])
            self._house = self.exchange.open_account(HOUSE, {}, now_ns, house=True)
            self._mirrors: dict[str, Mirror] = {}
            self._save()
        except BaseException:
            self._keeping.close()
            raise

    def _restore(self, saved: dict[str, object]) -> None:
        try:
            keeping.load(self.exchange, saved)
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
            raise self._keeping.damaged(f"it does not read ({type(error).__name__})") from error

    def _save(self) -> None:
        self._keeping.save(keeping.dump(self.exchange, self.account))

    def renew(self, instrument: Instrument) -> None:
        """Trade an instrument by the rules that it has now. Raises Unsupported: accounts count coarser than it."""
        self.exchange.add(instrument)
        scale = self.exchange.markets[instrument.id].scale
        if scale.instrument is not instrument:
            scale.renew(instrument)

    # -- orders

    def place(self, request: OrderRequest, time_ns: int) -> Order:
        """Place an order."""
        return self._durably(lambda: self.exchange.place(self.account, request, time_ns))

    def cancel(self, ref: OrderRef, time_ns: int) -> Order:
        """Cancel an order."""
        return self._durably(lambda: self.exchange.cancel(self.account, ref, time_ns))

    def cancel_all(self, instrument: str | None, time_ns: int) -> list[CancelResult]:
        """Cancel all orders."""
        return self._durably(lambda: self.exchange.cancel_all(self.account, instrument, time_ns))

    def amend(
        self, ref: OrderRef, size: Decimal | None, price: Decimal | None, stop: Decimal | None, time_ns: int
    ) -> Order:
        """Amend an order."""
        return self._durably(
            lambda: self.exchange.amend(self.account, ref, size=size, price=price, stop_price=stop, time_ns=time_ns)
        )

    def _durably(self, command: Callable[[], T]) -> T:
        try:
            answer = command()
        except VenuekitError:
            with contextlib.suppress(Unavailable):  # it stays in memory, and is written with the next command
                self._save()
            raise
        self._took()
        try:
            self._save()
        except Unavailable as error:
            raise OutcomeUnknown(f"It was carried out but could not be kept: {error.message}") from error
        return answer

    def _took(self) -> None:
        for mirror in self._mirrors.values():
            mirror.took()

    # -- the live market

    def synced(self, instrument: str) -> bool:
        """Whether the live book of an instrument is mirrored now."""
        mirror = self._mirrors.get(instrument)
        return mirror is not None and mirror.synced

    def book(self, event: BookSnapshot | BookDelta, instrument: str, time_ns: int) -> None:
        """Take in what the live book shows. Raises Unavailable when what it brought us could not be kept."""
        mirror = self._mirror(instrument)
        if isinstance(event, BookSnapshot):
            self._live(instrument, time_ns, lambda: mirror.whole(_pairs(event.book.bids), _pairs(event.book.asks)))
        elif mirror.synced:
            self._live(instrument, time_ns, lambda: mirror.changed(_pairs(event.bids), _pairs(event.asks)))

    def trade(self, trade: Trade, time_ns: int) -> None:
        """Take in a live trade. Raises Unavailable as `book`."""
        mirror = self._mirror(trade.instrument)
        if mirror.synced:
            side = 0 if trade.taker_side is None else 1 if trade.taker_side is Side.BUY else -1
            self._live(trade.instrument, time_ns, lambda: mirror.traded(side, trade.price, trade.size))

    def lost(self, instrument: str, time_ns: int) -> None:
        """The feed of an instrument broke."""
        mirror = self._mirrors.get(instrument)
        if mirror is not None:
            with self.exchange.at(time_ns):
                mirror.lost()

    def pass_time(self, time_ns: int) -> None:
        """Let orders expire whose time is over. Raises Unavailable as `book`."""
        self._live(None, time_ns, lambda: None)

    def _live(self, instrument: str | None, time_ns: int, change: Callable[[], None]) -> None:
        with self.exchange.at(time_ns):
            change()
            if instrument is not None:
                self.exchange.fire(self.exchange.markets[instrument])
        if any(report[0] != LEVEL and self._ours(report) for report in self.exchange.matcher.reports):
            self._save()

    def _ours(self, report: tuple[object, ...]) -> bool:
        """Whether a report is about an order of the account: its order, or one of a trade's two."""
        return any(getattr(part, "account", None) is self.exchange.accounts[self.account] for part in report)

    def _mirror(self, instrument: str) -> Mirror:
        mirror = self._mirrors.get(instrument)
        if mirror is None:
            market = self.exchange.market(instrument)
            mirror = self._mirrors[instrument] = Mirror(self.exchange, market, self._house)
        return mirror

    def busy(self) -> set[str]:
        """Instruments in which the account has open orders."""
        return {o.market.id for o in self.exchange.accounts[self.account].open.values()}

    def close(self) -> None:
        """Keep everything, and close the file."""
        try:
            self._save()
        finally:
            self._keeping.close()


def _pairs(levels: Sequence[Level]) -> list[tuple[Decimal, Decimal]]:
    return [(level.price, level.size) for level in levels]
