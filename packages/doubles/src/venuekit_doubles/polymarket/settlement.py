"""How matched trades get onto the chain: mined, then confirmed; or tried again, or failed, on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from eth_utils.crypto import keccak

from venuekit_doubles.polymarket.faults import ChainFault, Faults
from venuekit_doubles.polymarket.ledger import Ledger
from venuekit_doubles.polymarket.records import TradeRecord, TradeState

#: Runs something after so many seconds.
Later = Callable[[float, Callable[[], None]], None]
_AHEAD = {
    TradeState.MATCHED: TradeState.MINED,
    TradeState.RETRYING: TradeState.MINED,
    TradeState.MINED: TradeState.CONFIRMED,
}
_INSTEAD = {ChainFault.FAILED: TradeState.FAILED, ChainFault.RETRIED: TradeState.RETRYING}
#: A trade that is late waits so many seconds more.
_LATE_SECONDS = 12.0


class Settlement:
    """Every trade goes a step further each `seconds`; without them, whenever it is told to."""

    def __init__(
        self,
        ledger: Ledger,
        seconds: float | None,
        later: Later,
        told: Callable[[TradeRecord], None],
        faults: Faults,
    ) -> None:
        self._faults = faults
        self._ledger = ledger
        self._seconds = seconds
        self._later = later
        self._told = told
        self._open: list[TradeRecord] = []
        #: What becomes of the next trades instead of being mined.
        self.misfortunes: deque[TradeState] = deque()

    def begin(self, trade: TradeRecord) -> None:
        """A trade was matched."""
        self._ledger.promise(trade.moves())
        self._open.append(trade)
        self._wait(trade)

    def _wait(self, trade: TradeRecord, more: float = 0.0) -> None:
        if self._seconds is not None and trade.state in _AHEAD:
            self._later(self._seconds + more, lambda: self.step(trade))

    def step(self, trade: TradeRecord) -> None:
        """Let a trade get one step further, if it is not at its end."""
        if trade.state not in _AHEAD:
            return
        ahead = _AHEAD[trade.state]
        if ahead is TradeState.MINED and not trade.is_of_the_house:
            fault = self._faults.mining()
            if fault is ChainFault.LATE:
                self._wait(trade, _LATE_SECONDS)
                return
            if fault is not None:
                ahead = _INSTEAD[fault]
            elif self.misfortunes:
                ahead = self.misfortunes.popleft()
        if ahead is TradeState.FAILED:
            self._ledger.withdraw(trade.moves())
        elif ahead is TradeState.MINED:
            self._ledger.withdraw(trade.moves())
            self._ledger.make(trade.moves())
        trade.state = ahead
        trade.transaction = f"0x{keccak(f'transaction {trade.id}'.encode()).hex()}"
        if ahead in (TradeState.CONFIRMED, TradeState.FAILED):
            self._open.remove(trade)
        self._told(trade)
        self._wait(trade)

    @property
    def unmined(self) -> list[TradeRecord]:
        """Trades whose moves are not made yet, and may never be."""
        return [t for t in self._open if t.state in (TradeState.MATCHED, TradeState.RETRYING)]

    def step_all(self) -> None:
        """Let every trade get one step further."""
        for trade in list(self._open):
            self.step(trade)
