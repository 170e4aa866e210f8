"""What a venue can do, how well, and why not: data that tools, docs and contract tests are derived from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from venuekit.model.events import Channel
from venuekit.model.identity import VenueName
from venuekit.model.instrument import InstrumentKind
from venuekit.model.intent import OrderType, TimeInForce
from venuekit.model.market import Granularity
from venuekit.model.rate import Rate
from venuekit.model.words import Word


class Support(Word):
    """How well. UNSUPPORTED: the venue cannot. NOT_IMPLEMENTED: the adapter does not, yet."""

    FULL = "full"
    PARTIAL = "partial"
    NOT_IMPLEMENTED = "not_implemented"
    UNSUPPORTED = "unsupported"


class Feature(Word):
    """Something an adapter may or may not offer, one for each protocol method and option."""

    SEARCH = "search"
    TICKER = "ticker"
    ORDER_BOOK = "order_book"
    TRADES = "trades"
    CANDLES = "candles"
    SUBMIT = "submit"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    AMEND = "amend"
    OPEN_ORDERS = "open_orders"
    ORDER_HISTORY = "order_history"
    ORDER_BY_CLIENT_ID = "order_by_client_id"
    IDEMPOTENT_SUBMIT = "idempotent_submit"
    FILLS = "fills"
    BALANCES = "balances"
    POSITIONS = "positions"
    PROFILE = "profile"
    TRANSFERS = "transfers"
    POST_ONLY = "post_only"
    REDUCE_ONLY = "reduce_only"
    QUOTE_SIZE = "quote_size"
    SERVER_TIME = "server_time"


_USABLE = frozenset({Support.FULL, Support.PARTIAL})


@attrs.frozen
class Declared:
    """A level of support, with the reason where it is not full."""

    support: Support
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Full or partial."""
        return self.support in _USABLE


FULL = Declared(Support.FULL)
_UNDECLARED = Declared(Support.NOT_IMPLEMENTED, "not declared by the adapter")


@attrs.frozen(kw_only=True)
class Capabilities:
    """One venue's abilities. A feature that is not declared is NOT_IMPLEMENTED."""

    venue: VenueName
    title: str
    kinds: Sequence[InstrumentKind]
    features: Mapping[Feature, Declared]
    order_types: Mapping[OrderType, Declared]
    times_in_force: Mapping[TimeInForce, Declared]
    channels: Mapping[Channel, Declared]
    granularities: Sequence[Granularity] = ()
    max_book_depth: int | None = None
    max_page: int = 100
    #: The venue's own documented limits, by class of calls (public, private, orders, cancels), by the name of a call
    #: (order_book; an empty list if it never reaches the venue), or by a name of the adapter's for `VenueContext.pace`.
    rates: Mapping[str, Sequence[Rate]] = attrs.field(factory=dict)

    def of(self, what: Feature | OrderType | TimeInForce | Channel) -> Declared:
        """The declaration for `what`."""
        table: Mapping[object, Declared]
        if isinstance(what, Feature):
            table = self.features  # type: ignore[assignment]
        elif isinstance(what, OrderType):
            table = self.order_types  # type: ignore[assignment]
        elif isinstance(what, TimeInForce):
            table = self.times_in_force  # type: ignore[assignment]
        else:
            table = self.channels  # type: ignore[assignment]
        return table.get(what, _UNDECLARED)

    def without_key(self, public: Collection[Feature], reason: str) -> Capabilities:
        """What is left of it to a session that has no key: `public` features, and channels that are nobody's own.

        The rest is UNSUPPORTED for `reason`, but for what the venue cannot anyway: that keeps its own.
        """
        missing = Declared(Support.UNSUPPORTED, reason)

        def left(declared: Declared, *, stays: bool) -> Declared:
            return declared if stays or not declared.usable else missing

        return attrs.evolve(
            self,
            features={f: left(d, stays=f in public) for f, d in self.features.items()},
            channels={c: left(d, stays=not c.is_own) for c, d in self.channels.items()},
        )

    def can(self, what: Feature | OrderType | TimeInForce | Channel) -> bool:
        """Whether it is usable, fully or partly."""
        return self.of(what).usable
