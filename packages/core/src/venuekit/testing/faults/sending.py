"""What must be true at the very moment an order goes out; seen where it leaves the desk."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from venuekit.model.codec import from_record
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import ApprovalState, EntryKind, RowQuery
from venuekit.protocols.risk import TradingState

if TYPE_CHECKING:
    from venuekit.testing.faults.world import World

#: A halt by another process is seen within a poll of the store.
SEEN_SECONDS = 0.2
_ORDERS = (EntryKind.INTENT, EntryKind.ORDER)
_SAME = ("instrument", "side", "type", "size", "quote_size", "price", "stop_price")


class Sending:
    """Looks at every order that is about to go, and keeps a count of what went."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: How often each order may have gone.
        self.count: Counter[str] = Counter()
        self.times = 0
        #: When somebody else halted trading, in simulated seconds.
        self.halted_elsewhere_at: float | None = None

    def check(self, request: OrderRequest) -> None:
        """Record every rule that sending this order now would break."""
        world, order_id = self._world, request.client_order_id or ""
        broken = world.ledger.broken
        self.count[order_id] += 1
        self.times += 1
        world.ledger.note("sent", order_id, request.type.value, str(self.times))
        if self.count[order_id] > 1:
            broken(f"{order_id} was sent {self.count[order_id]} times")
        assert world.store is not None
        if world.store.writing:
            broken(f"{order_id} was sent while its record was not committed")
        rows = world.store.inner.rows(RowQuery(desk=world.name, subject=order_id, kinds=_ORDERS, limit=1))
        if not rows:
            broken(f"{order_id} was sent before it was in the journal")
            return
        recorded = from_record(rows[0].body, Order)
        if recorded.status is not OrderStatus.SUBMITTING:
            broken(f"{order_id} was sent while the journal has it {recorded.status.value}")
        if recorded.approval_id is not None:
            approval = world.store.inner.approval(recorded.approval_id)
            if approval is None or approval.state is not ApprovalState.USED:
                state = "missing" if approval is None else approval.state.value
                broken(f"{order_id} was sent while its approval is {state}")
        elif recorded.price is not None and recorded.size is not None and self._large(recorded):
            broken(f"{order_id} was sent without the approval that it needs")
        self._not_halted(order_id)
        self._no_twin(request)

    def found(self, problem: str) -> None:
        """Something else is wrong on the way out."""
        self._world.ledger.broken(problem)

    def not_sent(self, order_id: str) -> None:
        """It did not go after all, and the desk is told so: the same order may come again."""
        self._world.ledger.note("not sent", order_id, str(self.times))
        self.count[order_id] -= 1

    def _large(self, order: Order) -> bool:
        above = self._world.config.approval.require_above
        return above is not None and order.price is not None and order.price * (order.size or 0) > above

    def _not_halted(self, order_id: str) -> None:
        world = self._world
        assert world.store is not None
        if world.store.inner.control().state is not TradingState.HALTED:
            return
        elsewhere = self.halted_elsewhere_at
        if elsewhere is None or world.now() - elsewhere > SEEN_SECONDS:
            world.ledger.broken(f"{order_id} was sent while trading was halted")

    def _no_twin(self, request: OrderRequest) -> None:
        world = self._world
        latest: dict[str, Order] = {}
        assert world.store is not None
        for row in world.store.inner.rows(RowQuery(desk=world.name, kinds=_ORDERS, newest_first=False, limit=10_000)):
            latest[row.subject] = from_record(row.body, Order)
        for order_id, order in latest.items():
            if order.status is not OrderStatus.IN_DOUBT or order_id == request.client_order_id:
                continue
            now = world.desk._state.orders.get(order_id)
            if now is None or now.status is not OrderStatus.IN_DOUBT:
                continue  # the doubt is over, and that is being written
            if all(getattr(order, name) == getattr(request, name, None) for name in _SAME):
                world.ledger.broken(f"{request.client_order_id} was sent while an equal order, {order_id}, is in doubt")
