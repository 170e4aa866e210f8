"""What the venue's own tools are asked."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import attrs

from venuekit_polymarket.discovery_rows import doc

#: Rows of one answer, and outcomes whose prices are asked for at once, at most.
MOST, MOST_PRICES = 50, 50


class Order(StrEnum):
    """Which come first."""

    TRENDING = "trending"
    CLOSING_SOON = "closing_soon"
    NEWEST = "newest"
    LIQUID = "liquid"


_CATEGORY = "Only of this category: a slug of list_categories, such as politics."
_LIMIT = f"How many, {MOST} at most."


@attrs.frozen(kw_only=True)
class ListEvents:
    """Which events."""

    text: str = attrs.field(default="", metadata=doc("Words to search for; then the venue's own order is kept."))
    order: Order = attrs.field(
        default=Order.TRENDING, metadata=doc("trending (volume of 24 hours), closing_soon, newest or liquid.")
    )
    category: str = attrs.field(default="", metadata=doc(_CATEGORY))
    limit: int = attrs.field(default=10, metadata=doc(_LIMIT))
    cursor: str | None = attrs.field(default=None, metadata=doc("next_cursor of the page before."))


@attrs.frozen(kw_only=True)
class ListMarkets:
    """Which markets."""

    order: Order = attrs.field(
        default=Order.TRENDING, metadata=doc("trending (volume of 24 hours), closing_soon, newest or liquid.")
    )
    category: str = attrs.field(default="", metadata=doc(_CATEGORY))
    closing_within_hours: int | None = attrs.field(
        default=None, metadata=doc("Only those that are expected to end within so many hours.")
    )
    limit: int = attrs.field(default=10, metadata=doc(_LIMIT))


@attrs.frozen(kw_only=True)
class OneEvent:
    """An event."""

    event: str = attrs.field(metadata=doc("Its slug."))


@attrs.frozen(kw_only=True)
class OneMarket:
    """A market."""

    market: str = attrs.field(metadata=doc("Its slug or condition id; or an instrument's id or alias."))


@attrs.frozen(kw_only=True)
class HoldersOf:
    """Whose holders."""

    market: str = attrs.field(metadata=doc("Its slug or condition id; or an instrument's id or alias."))
    limit: int = attrs.field(default=10, metadata=doc("How many of each outcome, 50 at most."))


@attrs.frozen(kw_only=True)
class ListCategories:
    """Which categories."""

    limit: int = attrs.field(default=50, metadata=doc("How many, 100 at most."))
    offset: int = attrs.field(default=0, metadata=doc("How many to leave out first."))


@attrs.frozen(kw_only=True)
class PricesOf:
    """Whose prices."""

    instruments: Sequence[str] = attrs.field(metadata=doc(f"Ids or aliases, {MOST_PRICES} at most."))
