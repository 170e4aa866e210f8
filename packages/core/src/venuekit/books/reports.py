"""What a report of the venue changes of an order: the newest terms, the figures of the most filled, the last state."""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

import attrs

from venuekit.model.money import plain
from venuekit.model.order import DONE, Order, OrderStatus, may_follow

_WAITING = frozenset({OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_TRIGGER})
#: What a report of the venue can change; where all of it is the same, nothing is new.
_REPORTED = attrgetter(
    "updated_ns",
    "status",
    "filled_size",
    "venue_order_id",
    "size",
    "price",
    "stop_price",
    "average_price",
    "fees",
    "fee_asset",
    "status_code",
    "status_reason",
)


class Told(NamedTuple):
    """How new, by the venue's clock, what we have of an order is: its terms, and how much of it is filled at what."""

    terms_ns: int = 0
    figures_ns: int = 0


#: Nothing was told yet.
UNTOLD = Told()


@attrs.frozen
class Applied:
    """What an update did: the order afterwards, and whether it changed.

    `refused` says why an update that came too late, or cannot be, changed nothing. `difference` says what the venue
    did that should not be possible; it is taken in all the same, and is to be recorded.
    """

    order: Order
    changed: bool
    refused: str = ""
    difference: str = ""


def merge(known: Order, seen: Order, told: Told) -> tuple[Applied, Told]:
    """Merge what the venue says of an order into what we know, so that the order of telling makes no difference.

    Ours are the ids, the agent, the reason and the approval. Sizes and prices asked for are those of the newest
    report; what was filled, at which average and for which fees, of the report that has most of it filled, and of
    the newest among those: money that has moved is never told too late. An order that is done stays so.
    """
    more, fewer = seen.filled_size > known.filled_size, seen.filled_size < known.filled_size
    newer = seen.updated_ns >= told.terms_ns
    now_told = Told(
        max(told.terms_ns, seen.updated_ns),
        seen.updated_ns if more else told.figures_ns if fewer else max(told.figures_ns, seen.updated_ns),
    )
    if _REPORTED(seen) == _REPORTED(known):
        return Applied(known, changed=False), now_told  # told before, by the answer or by the stream
    figures = more or (not fewer and seen.updated_ns >= told.figures_ns)
    went_back = f"filled went back from {plain(known.filled_size)} to {plain(seen.filled_size)}" if fewer else ""
    if fewer and (known.is_done or not newer):
        return Applied(known, changed=False, refused=went_back), told
    # An end counts however old its report looks: not every venue says when it came, and nothing comes after it.
    if not (newer or figures or seen.status in DONE):
        return Applied(known, changed=False, refused="a newer report was told before"), told
    status, difference = _status(known, seen, figures=figures), ""
    if not may_follow(known.status, status):
        if not more:
            why = f"{known.status.value} cannot become {status.value}"
            return Applied(known, changed=False, refused=why), told
        difference = (
            f"{known.id} was {known.status.value} with {plain(known.filled_size)} filled, "
            f"and the venue has {plain(seen.filled_size)} filled"
        )
        status = status if status in DONE else known.status
    merged = _merged(known, seen, status, newer=newer, figures=figures)
    if merged == known:
        return Applied(known, changed=False, refused=went_back), now_told
    return Applied(merged, changed=True, difference=difference or (overfilled(merged) if more else "")), now_told


def _status(known: Order, seen: Order, *, figures: bool) -> OrderStatus:
    """The status that counts: an end always does, another only with the newest figures."""
    if seen.status in DONE:
        return seen.status
    # A venue that has not seen our cancel yet still says OPEN: the request stands until it is answered.
    asked_to_cancel = known.status is OrderStatus.PENDING_CANCEL and seen.status in _WAITING
    return seen.status if figures and not asked_to_cancel else known.status


def _merged(known: Order, seen: Order, status: OrderStatus, *, newer: bool, figures: bool) -> Order:
    terms, other = (seen, known) if newer else (known, seen)
    paid = seen if figures else known
    average = paid.average_price
    if average is None and seen.filled_size == known.filled_size:
        average = seen.average_price if paid is known else known.average_price
    said = seen if status is seen.status else known
    return known.but(
        status=status,
        updated_ns=max(seen.updated_ns, known.updated_ns),
        venue_order_id=terms.venue_order_id or other.venue_order_id,
        size=terms.size if terms.size is not None else other.size,
        price=terms.price if terms.price is not None else other.price,
        stop_price=terms.stop_price if terms.stop_price is not None else other.stop_price,
        filled_size=paid.filled_size,
        average_price=average,
        fees=paid.fees,
        fee_asset=paid.fee_asset or known.fee_asset,
        status_code=said.status_code,
        status_reason=said.status_reason,
    )


def overfilled(order: Order) -> str:
    """What is to be recorded of an order that is filled for more than was asked; empty when it is not."""
    if order.size is None or order.filled_size <= order.size:
        return ""
    return f"{order.id} is for {plain(order.size)}, and the venue has {plain(order.filled_size)} filled"
