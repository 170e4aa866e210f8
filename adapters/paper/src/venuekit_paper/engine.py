"""Exchange, simulated market and memory together: each command is carried out, chained and made durable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import attrs

from venuekit.adapter import (
    ORDER_REQUESTS,
    CancelResult,
    InstrumentStatus,
    Order,
    OrderRef,
    OrderRequest,
    OrderType,
    OutcomeUnknown,
    StoreDamaged,
    Unavailable,
    VenuekitError,
    from_plain,
    parse_decimal,
    plain,
)
from venuekit_paper import batch, outcomes, state
from venuekit_paper.candles import Candles
from venuekit_paper.config import PaperOptions
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.instruments import VENUE, default_instruments
from venuekit_paper.persistence import CommandLog
from venuekit_paper.simulator import Simulator

T = TypeVar("T")
Command = list[Any]


class Engine:
    """One paper exchange with one trading account. Time comes in with every command."""

    def __init__(self, options: PaperOptions, account: str, path: Path | None, now_ns: int) -> None:
        self.options = options
        self.account = account
        self.log = CommandLog(path)
        self._fees = FeeSchedule(maker=options.maker_fee, taker=options.taker_fee)
        self.exchange = Exchange(default_instruments(), self._fees, venue=VENUE, history=self.log.history)
        self._seed(options.seed)
        self.tick_ns = 0
        try:
            self._restore(now_ns)
        except BaseException:
            self.log.close()
            raise

    def _seed(self, seed: int) -> None:
        self.seed = seed
        self.candles = Candles(VENUE, seed)
        self.exchange.reporter.on_trade = self.candles.add
        self.simulator = Simulator(self.exchange, self.candles, seed)

    @property
    def journal_hash(self) -> str:
        """Digest over every command and its outcome so far."""
        return self.log.digest

    def _restore(self, now_ns: int) -> None:
        """Go on where the file ends, or begin. Whatever is wrong with the file, it stays as it is."""
        try:
            begun = self._read_back()
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise self.log.damaged(f"it does not read ({type(error).__name__})") from error
        if not begun:
            balances = {a: plain(v) for a, v in self.options.initial_balances.items()}
            self.run(["begin", now_ns, balances, self.options.seed, *_rates(self._fees)])
        elif self.exchange.matcher.fees.schedule != self._fees:
            self.run(["fees", now_ns, *_rates(self._fees)])
        self.commit()

    def _read_back(self) -> bool:
        """Snapshot and commands after it; whether there were any."""
        snapshot = self.log.snapshot()
        if snapshot is not None:
            self._seed(snapshot["seed"])
            state.load(self.exchange, snapshot["exchange"])
            self.candles.load(snapshot["candles"])
            self.simulator.load(snapshot["simulator"])
            self.tick_ns = snapshot["tick_ns"]
        made = self.exchange
        begun = snapshot is not None
        with self.log.restoring():
            self.log.history.forget_after(made.number, made.matcher.fill_number, made.transfer_number)
            for command in self.log.after_snapshot():
                self._replay(command)
                begun = True
            if begun and self.account not in made.accounts:
                others = ", ".join(sorted(a.name for a in made.accounts.values() if not a.house))
                raise self.log.damaged(f"it has no account {self.account}, but {others}")
        return begun

    def _replay(self, command: Command) -> None:
        try:
            self.run(command)
        except VenuekitError:
            return  # it failed then too; the digest says whether in the same way

    def run(self, command: Command, live: Callable[[], Any] | None = None) -> Any:
        """Carry a command out and chain it with its outcome, a refusal included.

        `live` does the same as the command, from values that need not be read from plain data first.
        """
        try:
            answer = self._carry_out(command) if live is None else live()
        except (StoreDamaged, Unavailable):
            # The file failed, not the command, which may go well when it is replayed: only its time has passed.
            self.log.add(["advance", command[1]], self.exchange.outcome)
            raise
        except VenuekitError as error:
            self.log.add(command, f"{error.code} {self.exchange.outcome}")
            raise
        self.log.add(command, self.exchange.outcome)
        return answer

    def commit(self) -> None:
        """Make what happened durable, with a snapshot when one is due."""
        self.log.commit(self._snapshot() if self.log.snapshot_due else None)

    def _snapshot(self) -> dict[str, Any]:
        return {
            "exchange": state.dump(self.exchange),
            "candles": self.candles.dump(),
            "simulator": self.simulator.dump(),
            "tick_ns": self.tick_ns,
            "seed": self.seed,
        }

    def _carry_out(self, command: Command) -> Any:
        name, time_ns, *rest = command
        return _COMMANDS[name](self, time_ns, *rest)

    # -- commands; each takes plain data, so that it can be written down and replayed

    def _begin(self, time_ns: int, balances: Mapping[str, str], seed: int, maker: str, taker: str) -> None:
        self._seed(seed)
        self._set_fees(time_ns, maker, taker)
        amounts = {a: parse_decimal(v, field=a) for a, v in balances.items()}
        self.exchange.open_account(self.account, amounts, time_ns)
        with self.exchange.at(time_ns):
            self.simulator.begin(time_ns)
        self.tick_ns = time_ns

    def _set_fees(self, time_ns: int, maker: str, taker: str) -> None:
        self.exchange.set_fees(FeeSchedule(maker=Decimal(maker), taker=Decimal(taker)), time_ns)

    def _open_account(self, time_ns: int, account: str, balances: Mapping[str, str]) -> None:
        amounts = {a: parse_decimal(v, field=a) for a, v in balances.items()}
        self.exchange.open_account(account, amounts, time_ns)

    def _batch(
        self, time_ns: int, instrument: str, accounts: Sequence[str], messages: Sequence[batch.Message]
    ) -> list[batch.Refusal]:
        return batch.run(self.exchange, instrument, accounts, messages, time_ns)

    def _advance(self, time_ns: int) -> None:
        self.exchange.advance(time_ns)

    def _tick(self, time_ns: int) -> None:
        self.tick_ns = time_ns
        self.simulator.step(time_ns)

    def _place(self, time_ns: int, body: Mapping[str, Any]) -> Order:
        fields = dict(body)
        kind: Any = ORDER_REQUESTS[OrderType(fields.pop("type"))]
        request: OrderRequest = from_plain(fields, kind)
        return self.exchange.place(self.account, request, time_ns)

    def _cancel(self, time_ns: int, venue_id: str | None, client_id: str | None) -> Order:
        return self.exchange.cancel(self.account, OrderRef(venue_id, client_id), time_ns)

    def _cancel_all(self, time_ns: int, instrument: str | None) -> list[CancelResult]:
        return self.exchange.cancel_all(self.account, instrument, time_ns)

    def _amend(
        self, time_ns: int, ids: list[str | None], size: str | None, price: str | None, stop: str | None
    ) -> Order:
        return self.exchange.amend(
            self.account,
            OrderRef(ids[0], ids[1]),
            size=_decimal(size),
            price=_decimal(price),
            stop_price=_decimal(stop),
            time_ns=time_ns,
        )

    def _status(self, time_ns: int, instrument: str, status: str) -> None:
        self.exchange.set_status(instrument, InstrumentStatus(status), time_ns)

    def _mint(self, time_ns: int, instrument: str, size: str) -> None:
        outcomes.mint(self.exchange, self.account, instrument, Decimal(size), time_ns)

    def _merge(self, time_ns: int, instrument: str, size: str) -> None:
        outcomes.merge(self.exchange, self.account, instrument, Decimal(size), time_ns)

    def _resolve(self, time_ns: int, instrument: str, payout: str) -> None:
        outcomes.resolve(self.exchange, instrument, Decimal(payout), time_ns)

    # -- the same, for callers with model values; durable when they return

    def _durably(self, command: Command, live: Callable[[], Any] | None = None) -> Any:
        """Run a command and make it durable. A refusal is a refusal even when it could not be written."""
        try:
            answer = self.run(command, live)
        except VenuekitError:
            with contextlib.suppress(Unavailable):  # it stays pending, and is written with the next command
                self.commit()
            raise
        try:
            self.commit()
        except Unavailable as error:
            # It happened, and the next commit may still keep it: nobody can promise either way now.
            raise OutcomeUnknown(f"{command[0]} was carried out but could not be kept: {error.message}") from error
        return answer

    def place(self, request: OrderRequest, time_ns: int) -> Order:
        """Place an order."""
        command = ["place", time_ns, _as_plain(request)]
        answer: Order = self._durably(command, lambda: self.exchange.place(self.account, request, time_ns))
        return answer

    def cancel(self, ref: OrderRef, time_ns: int) -> Order:
        """Cancel an order."""
        answer: Order = self._durably(["cancel", time_ns, ref.venue_order_id, ref.client_order_id])
        return answer

    def cancel_all(self, instrument: str | None, time_ns: int) -> list[CancelResult]:
        """Cancel all orders."""
        answer: list[CancelResult] = self._durably(["cancel_all", time_ns, instrument])
        return answer

    def amend(
        self, ref: OrderRef, size: Decimal | None, price: Decimal | None, stop: Decimal | None, time_ns: int
    ) -> Order:
        """Amend an order."""
        values = [None if v is None else plain(v) for v in (size, price, stop)]
        answer: Order = self._durably(["amend", time_ns, [ref.venue_order_id, ref.client_order_id], *values])
        return answer

    def open_account(self, account: str, balances: Mapping[str, Decimal], time_ns: int) -> None:
        """Another account on the same books; one that exists is left as it is."""
        self._durably(["account", time_ns, account, {a: plain(v) for a, v in balances.items()}])

    def batch(
        self, instrument: str, accounts: Sequence[str], messages: Sequence[batch.Message], time_ns: int
    ) -> list[batch.Refusal]:
        """Many messages as one command, durable together; `venuekit_paper.batch` says what they look like."""
        refused: list[batch.Refusal] = self._durably(["batch", time_ns, instrument, list(accounts), list(messages)])
        return refused

    def tick(self, time_ns: int) -> None:
        """Move the market once."""
        self._durably(["tick", time_ns])

    def set_status(self, instrument: str, status: InstrumentStatus, time_ns: int) -> None:
        """Open or close a market."""
        self._durably(["status", time_ns, instrument, status.value])

    def mint(self, instrument: str, size: Decimal, time_ns: int) -> None:
        """Quote becomes one share of each outcome."""
        self._durably(["mint", time_ns, instrument, plain(size)])

    def merge(self, instrument: str, size: Decimal, time_ns: int) -> None:
        """One share of each outcome becomes quote."""
        self._durably(["merge", time_ns, instrument, plain(size)])

    def resolve(self, instrument: str, payout: Decimal, time_ns: int) -> None:
        """The outcome is known."""
        self._durably(["resolve", time_ns, instrument, plain(payout)])

    def close(self) -> None:
        """Make everything durable, with a snapshot, and close the file."""
        try:
            self.log.commit(self._snapshot() if self.log.durable else None)
        finally:
            self.log.close()


def _as_plain(request: OrderRequest) -> dict[str, Any]:
    """The request as `from_plain` reads it, without defaults and reason; twenty times faster than `to_plain`."""
    body: dict[str, Any] = {"type": request.type.value}
    for name in _FIELDS[request.type]:
        value = getattr(request, name)
        if isinstance(value, Decimal):
            body[name] = plain(value)
        elif isinstance(value, Enum):
            body[name] = value.value
        elif value not in (None, "", False):
            body[name] = value
    return body


_FIELDS = {kind: tuple(f.name for f in attrs.fields(cls) if f.name != "reason") for kind, cls in ORDER_REQUESTS.items()}


def _rates(fees: FeeSchedule) -> list[str]:
    return [plain(fees.maker), plain(fees.taker)]


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else parse_decimal(text, field="value")


_COMMANDS: dict[str, Callable[..., Any]] = {
    "begin": Engine._begin,  # noqa: SLF001 - the table of this very class
    "fees": Engine._set_fees,  # noqa: SLF001
    "account": Engine._open_account,  # noqa: SLF001
    "batch": Engine._batch,  # noqa: SLF001
    "advance": Engine._advance,  # noqa: SLF001
    "tick": Engine._tick,  # noqa: SLF001
    "place": Engine._place,  # noqa: SLF001
    "cancel": Engine._cancel,  # noqa: SLF001
    "cancel_all": Engine._cancel_all,  # noqa: SLF001
    "amend": Engine._amend,  # noqa: SLF001
    "status": Engine._status,  # noqa: SLF001
    "mint": Engine._mint,  # noqa: SLF001
    "merge": Engine._merge,  # noqa: SLF001
    "resolve": Engine._resolve,  # noqa: SLF001
}
