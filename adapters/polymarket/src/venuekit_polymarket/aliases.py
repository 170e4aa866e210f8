"""Readable names of outcomes, ``will-it-rain:YES``, and what a name that somebody writes may mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

_NOT_PLAIN = re.compile(r"[^0-9a-z]+")
_TOKEN = re.compile(r"[0-9]{15,78}")
_CONDITION = re.compile(r"0x[0-9a-fA-F]{62,64}")
#: A page of the venue's site: the event, and the market where it has several.
_PAGE = re.compile(
    r"https?://(?:www\.)?polymarket\.com/(?:[a-z]{2}/)?(?:event|market)/([^/?#]+)(?:/([^/?#]+))?.*", re.IGNORECASE
)
_SLUG = re.compile(r"[0-9a-z][0-9a-z._-]{0,199}")


def plain_label(label: str) -> str:
    """A label of an outcome as it stands in a name: ``Kansas City Chiefs`` is ``kansas-city-chiefs``."""
    return _NOT_PLAIN.sub("-", label.casefold()).strip("-")


def alias_of(slug: str, outcomes: Sequence[str], index: int) -> str:
    """The readable name of an outcome; by number where the labels alone do not tell the two apart."""
    labels = [plain_label(label) for label in outcomes]
    if not labels[index] or labels[0] == labels[1]:
        return f"{slug}:{index + 1}"
    return f"{slug}:{labels[index].upper()}"


@attrs.frozen(kw_only=True)
class Name:
    """What a name says: a token, or a market by slug or condition, with an outcome or without."""

    token: str = ""
    slug: str = ""
    condition: str = ""
    outcome: str = ""


def read_name(name: str) -> Name:
    """What somebody's `name` for an instrument says; all empty when it can be none."""
    if _TOKEN.fullmatch(name):
        return Name(token=name)
    if page := _PAGE.fullmatch(name):
        return Name(slug=(page[2] or page[1]).lower())
    market, _, outcome = name.partition(":")
    outcome = plain_label(outcome)
    if _CONDITION.fullmatch(market):
        return Name(condition=market.lower(), outcome=outcome)
    slug = market.lower()
    return Name(slug=slug, outcome=outcome) if _SLUG.fullmatch(slug) else Name()


def outcome_named(outcomes: Sequence[str], wanted: str) -> int | None:
    """Which outcome `wanted` (as of `read_name`) means; None when neither, or both."""
    labels = [plain_label(label) for label in outcomes]
    found = [i for i, label in enumerate(labels) if label == wanted]
    if len(found) == 1:
        return found[0]
    return int(wanted) - 1 if wanted in ("1", "2") and wanted not in labels else None
