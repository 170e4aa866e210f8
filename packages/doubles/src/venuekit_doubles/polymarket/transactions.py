"""Transactions on their way onto the chain: taken, sent, mined, confirmed; or undone by the chain."""

from __future__ import annotations

import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import attrs
from eth_utils.crypto import keccak

from venuekit_doubles.polymarket.calldata import Call
from venuekit_doubles.polymarket.execution import Execution, Reverted
from venuekit_doubles.polymarket.settlement import Later

_SPACE = uuid.UUID("52a2f1c9-4a5e-4a63-93f8-0d5a3f0f5d8e")
#: POL of every address that was not given another amount, and what a transaction costs: with 18 decimal places.
GAS_MONEY, GAS, GAS_PRICE = 10 * 10**18, 400_000, 30 * 10**9


class TransactionState(StrEnum):
    """How far a transaction is, in the relayer's words."""

    NEW = "STATE_NEW"
    EXECUTED = "STATE_EXECUTED"
    MINED = "STATE_MINED"
    CONFIRMED = "STATE_CONFIRMED"
    INVALID = "STATE_INVALID"
    FAILED = "STATE_FAILED"


_AHEAD = {
    TransactionState.NEW: TransactionState.EXECUTED,
    TransactionState.EXECUTED: TransactionState.MINED,
    TransactionState.MINED: TransactionState.CONFIRMED,
}
#: Its number is taken, and it has moved nothing yet.
WAITING = (TransactionState.NEW, TransactionState.EXECUTED)
#: It is on the chain.
DONE = (TransactionState.MINED, TransactionState.CONFIRMED)


@attrs.define
class Transaction:
    """What a wallet does. `owner` is whose key signed it; `kind` is the relayer's word, empty without a relayer."""

    owner: str
    wallet: str
    kind: str
    nonce: int
    calls: Sequence[Call]
    created_ns: int
    #: As it was sent to the relayer.
    to: str = ""
    data: str = ""
    signature: str = ""
    metadata: str = ""
    #: Whose key let it in at the relayer.
    submitter: str = ""
    hash: str = ""
    state: TransactionState = TransactionState.NEW
    error: str = ""
    changed_ns: int = 0
    #: What the chain has noted of it.
    logs: list[dict[str, Any]] = attrs.Factory(list)

    @property
    def id(self) -> str:
        """The relayer's name for it."""
        return str(uuid.uuid5(_SPACE, f"{self.kind} {self.wallet} {self.nonce} {self.signature} {self.created_ns}"))

    @property
    def hash_when_sent(self) -> str:
        """Its hash on the chain: of an own transaction known from the start, else from when it is sent."""
        return self.hash or f"0x{keccak(f'relayed {self.id}'.encode()).hex()}"


class Transactions:
    """Every transaction there was. Each goes a step further every `seconds`; without them, whenever it is told to."""

    def __init__(self, execution: Execution, seconds: float | None, later: Later, now_ns: Callable[[], int]) -> None:
        self.execution = execution
        self._now_ns = now_ns
        self._seconds = seconds
        self._later = later
        self.all: list[Transaction] = []
        #: Why the next transactions are undone by the chain.
        self.misfortunes: deque[str] = deque()
        self.gas_money: defaultdict[str, int] = defaultdict(lambda: GAS_MONEY)

    def nonce(self, wallet: str, *, pending: bool = True) -> int:
        """The number of a wallet's next transaction: of those that are mined, and of those that wait to be."""
        states = (*DONE, *WAITING) if pending else DONE
        counted = [t for t in self.all if t.wallet == wallet and (t.state in states or self._used_up(t))]
        return len(counted)

    @staticmethod
    def _used_up(transaction: Transaction) -> bool:
        """What the chain has undone was there all the same, where its sender paid for it."""
        return not transaction.kind and transaction.state is TransactionState.FAILED

    def waiting(self, wallet: str) -> bool:
        """Whether a wallet has a transaction that is not mined yet."""
        return any(t.wallet == wallet and t.state in WAITING for t in self.all)

    def by_hash(self, wanted: str) -> Transaction | None:
        """The transaction of a hash."""
        return next((t for t in self.all if t.hash and t.hash == wanted.lower()), None)

    def by_id(self, wanted: str) -> Transaction | None:
        """The relayed transaction of an id."""
        return next((t for t in self.all if t.kind and t.id == wanted), None)

    def begin(self, transaction: Transaction) -> Transaction:
        """It was taken."""
        transaction.changed_ns = transaction.created_ns
        self.all.append(transaction)
        self._wait(transaction)
        return transaction

    def _wait(self, transaction: Transaction) -> None:
        if self._seconds is not None and transaction.state in _AHEAD:
            self._later(self._seconds, lambda: self.step(transaction))

    def step(self, transaction: Transaction) -> None:
        """Let a transaction get one step further, if it is not at its end."""
        if transaction.state not in _AHEAD:
            return
        ahead = _AHEAD[transaction.state]
        transaction.hash = transaction.hash_when_sent
        if ahead is TransactionState.MINED:
            ahead = self._mined(transaction)
        transaction.state, transaction.changed_ns = ahead, self._now_ns()
        self._wait(transaction)

    def _mined(self, transaction: Transaction) -> TransactionState:
        if not transaction.kind:
            self.gas_money[transaction.owner] -= GAS * GAS_PRICE
        transaction.error = self.misfortunes.popleft() if self.misfortunes else self._undone(transaction)
        return TransactionState.FAILED if transaction.error else TransactionState.MINED

    def _undone(self, transaction: Transaction) -> str:
        """Run it; why it was undone, if it was."""
        try:
            transaction.logs = self.execution.run(transaction.wallet, transaction.calls, transaction.hash)
        except Reverted as error:
            return str(error)
        return ""

    def step_all(self) -> None:
        """Let every transaction get one step further."""
        for transaction in list(self.all):
            self.step(transaction)
