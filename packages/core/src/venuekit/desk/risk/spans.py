"""Sets of moments: sorted, separate, half-open spans of UTC nanoseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The moments that are in any of `spans`; what touches becomes one, what is empty is left out."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def both(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The moments that are in both sets."""
    found: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            found.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def outside(spans: Sequence[Span], within: Span) -> list[Span]:
    """The moments of `within` that are not in the set."""
    found: list[Span] = []
    start, end = within
    for first, last in spans:
        if start < first:
            found.append((start, min(first, end)))
        start = max(start, last)
        if start >= end:
            return found
    found.append((start, end))
    return found


def around(spans: Sequence[Span], moment: int) -> Span | None:
    """The span that a moment is in."""
    return next((span for span in spans if span[0] <= moment < span[1]), None)
