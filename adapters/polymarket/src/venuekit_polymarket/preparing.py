"""An order ready to be sent: checked, measured, signed, and its id known."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.adapter import (
    Clock,
    Instrument,
    InstrumentNotTrading,
    LimitOrder,
    Order,
    OrderRequest,
    VenueDown,
    validate,
)
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import CAPABILITIES
from venuekit_polymarket.errors import CANCEL_ONLY, DISABLED, POST_ONLY, RESTARTING
from venuekit_polymarket.order_words import expiration, venue_type
from venuekit_polymarket.orders import Orders
from venuekit_polymarket.plan import Book, amounts_of
from venuekit_polymarket.signing import Signed, Unsigned
from venuekit_polymarket.standing import Standing

if TYPE_CHECKING:  # the SDK behind it is large
    from venuekit_polymarket.client import Signer

#: Bits of an order's salt: the venue reads it as a JSON number.
_SALT_BITS = 53


@attrs.frozen(kw_only=True)
class Ready:
    """An order that can be sent, and again as the very same."""

    order: Order
    request: OrderRequest
    instrument: Instrument
    unsigned: Unsigned
    signed: Signed

    @property
    def id(self) -> str:
        """Its digest, which is the venue's id of it."""
        return self.signed.id

    def body(self, api_key: str) -> dict[str, Any]:
        """What is posted."""
        return self.signed.body(
            owner=api_key,
            order_type=venue_type(self.request),
            post_only=self.order.post_only,
            expiration=expiration(self.order.expires_at_ns),
        )


class Preparing:
    """Makes orders ready; nothing here changes anything at the venue."""

    def __init__(
        self,
        api: Api,
        orders: Orders,
        book: Book,
        standing: Standing,
        clock: Clock,
        reach: Decimal,
    ) -> None:
        self._api = api
        self._orders = orders
        self._book = book
        self._standing = standing
        self._clock = clock
        self._reach = reach

    async def ready(self, request: OrderRequest, instrument: Instrument) -> Ready:
        """Check a request against what the venue takes now, and sign it.

        Raises:
            InstrumentNotTrading, VenueDown, VenuePermission: the venue takes no such order now. InvalidPrice,
            InvalidSize, InvalidValue, Unsupported: what it never takes. NoLiquidity: there is nothing to trade with.
        """
        self._standing.check(request)
        self._check_conditions(request)
        venue_type(request)
        request = validate(request, instrument, CAPABILITIES, now_ns=self._clock.now_ns())
        amounts = await amounts_of(request, instrument, self._book, self._reach)
        signer: Signer = self._api.key
        unsigned = attrs.evolve(
            signer.unsigned(
                token_id=instrument.id,
                side=request.side,
                maker_amount=amounts.maker,
                taker_amount=amounts.taker,
                neg_risk=instrument.metadata.get("neg_risk") == "true",
            ),
            salt=self._salt(request.client_order_id or ""),
        )
        signed = signer.sign(unsigned)
        order = self._orders.asked(request, instrument, signed.id)
        return Ready(order=order, request=request, instrument=instrument, unsigned=unsigned, signed=signed)

    def same(self, request: OrderRequest, instrument: Instrument, order: Order, unsigned: Unsigned) -> Ready:
        """An order that was made ready before, signed again: to the last bit the same."""
        signed = self._api.key.sign(unsigned)
        return Ready(order=order, request=request, instrument=instrument, unsigned=unsigned, signed=signed)

    def _salt(self, client_order_id: str) -> int:
        """Of the id, so that it is no matter of chance either which order it becomes."""
        text = f"{self._api.key.wallet.address}:{client_order_id}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> (64 - _SALT_BITS)

    def _check_conditions(self, request: OrderRequest) -> None:
        code, seconds = self._api.conditions.code, self._api.conditions.seconds
        if not code or (code == POST_ONLY and isinstance(request, LimitOrder) and request.post_only):
            return
        details: Mapping[str, Any] = {"venue_code": code, "retry_after_seconds": f"{seconds:.0f}"}
        said = f"Polymarket {_SAID[code]}; believed for {seconds:.0f} s more, and nothing was sent."
        if code == RESTARTING:
            raise VenueDown(said, fix="Try again then; cancels are sent all the same.", details=details)
        fix = "Send post-only orders, or wait." if code == POST_ONLY else "Wait; cancels are sent all the same."
        raise InstrumentNotTrading(said, fix=fix, field="instrument", details=details)


_SAID = {
    RESTARTING: "is restarting its matching engine",
    DISABLED: "has disabled trading",
    CANCEL_ONLY: "takes cancels only",
    POST_ONLY: "takes post-only orders only",
}
