"""Pages of a list that only grows: following the cursors loses nothing and repeats nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from venuekit.errors import InvalidCursor, InvalidValue
from venuekit.model.account import Page

T = TypeVar("T")


def paged(
    items: Sequence[T], *, limit: int, cursor: str | None, wanted: Callable[[T], bool] = lambda _: True
) -> Page[T]:
    """The newest `limit` of the `wanted` items of `items` (oldest first), from `cursor` on.

    A cursor is the number of items older than the page, so items that arrive meanwhile move nothing.

    Raises:
        InvalidCursor: not a cursor that this function made.
        InvalidValue: a page of less than one item.
    """
    if limit < 1:
        raise InvalidValue(
            f"limit must be 1 or more; {limit} is not.", field="limit", details={"accepted": "1 or more"}
        )
    text = str(len(items)) if cursor is None else cursor
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidCursor(f"{text[:40]!r} is not a cursor of this list.", field="cursor")
    found: list[tuple[int, T]] = []
    for number in range(min(int(text), len(items)) - 1, -1, -1):
        if wanted(items[number]):
            if len(found) == limit:
                return Page([item for _, item in found], str(found[-1][0]))
            found.append((number, items[number]))
    return Page([item for _, item in found])
