"""`venuekit venues`: installed adapters, what each can do, and why not the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, pairs, say, table
from venuekit.model.capability import Capabilities, Declared, Feature, Support
from venuekit.model.codec import to_plain
from venuekit.model.events import Channel
from venuekit.model.intent import OrderType, TimeInForce
from venuekit.protocols.venue import VenueFactory
from venuekit.registry import load_factory, venue_names


def venues(name: str | None = None, /, *, options: Options = DEFAULT) -> int:
    """Installed adapters; with a name, all that one can do, with reasons for what it cannot.

    Args:
        name: One venue.
    """
    if name is not None:
        return _one(load_factory(name), options)
    found = [_load(n) for n in venue_names()]
    if options.json:
        document({"venues": [_body(f) if e is None else {"name": n, "error": e} for n, f, e in found]})
        return OK
    if not found:
        note("No adapter is installed. Try: pip install venuekit-paper")
        return OK
    table(
        ("VENUE", "TITLE", "ENVIRONMENT", "TRADES", "ORDER TYPES", "CHANNELS", "NOT FULL"),
        [_row(f) if f is not None else (n, f"does not load: {e}", "-", "-", "-", "-", "-") for n, f, e in found],
        right=("NOT FULL",),
    )
    say("\nAll that one can do, with reasons: venuekit venues NAME")
    return OK


def _load(name: str) -> tuple[str, VenueFactory | None, str | None]:
    try:
        return name, load_factory(name), None
    except Exception as error:  # noqa: BLE001 - a broken adapter is listed as broken, whatever its import raised
        return name, None, f"{type(error).__name__}: {error}"


def _row(factory: VenueFactory) -> tuple[object, ...]:
    able = factory.capabilities
    return (
        factory.name,
        factory.title,
        factory.environment,
        ", ".join(k.value for k in able.kinds),
        ", ".join(t.value for t in OrderType if able.can(t)),
        ", ".join(c.value for c in Channel if able.can(c)),
        sum(d.support is not Support.FULL for _, _, d in _declared(able)),
    )


def _declared(able: Capabilities) -> Iterator[tuple[str, str, Declared]]:
    for what, members in (
        ("feature", Feature),
        ("order type", OrderType),
        ("time in force", TimeInForce),
        ("channel", Channel),
    ):
        for member in members:
            yield what, member.value, able.of(member)


def _body(factory: VenueFactory | None) -> dict[str, Any]:
    assert factory is not None
    return {
        "name": factory.name,
        "title": factory.title,
        "environment": factory.environment,
        "capabilities": to_plain(factory.capabilities),
        "options": [
            {"name": f.name, "doc": f.metadata.get("doc", "")} for f in attrs.fields(factory.options) if f.init
        ],
        "tools": [{"name": e.name, "toolset": e.toolset, "title": e.title} for e in factory.extras],
    }


def _rates(able: Capabilities) -> Iterator[str]:
    for name, rates in able.rates.items():
        yield f"{name} {', '.join(map(str, rates)) or 'not counted'}"


def _one(factory: VenueFactory, options: Options) -> int:
    if options.json:
        document({"venue": _body(factory)})
        return OK
    able = factory.capabilities
    pairs(
        [
            ("venue", factory.name),
            ("title", factory.title),
            ("environment", factory.environment),
            ("trades", ", ".join(k.value for k in able.kinds)),
            ("candles", ", ".join(str(g.value) for g in able.granularities) or "none"),
            ("book depth", able.max_book_depth or "not limited"),
            ("rates", "; ".join(_rates(able)) or "none declared"),
            ("options", ", ".join(f.name for f in attrs.fields(factory.options) if f.init) or "none"),
            ("tools", ", ".join(f"{e.name} ({e.toolset})" for e in factory.extras) or "none"),
        ]
    )
    print()
    table(("", "WHAT", "SUPPORT", "WHY"), [(w, n, d.support.value, d.reason or "-") for w, n, d in _declared(able)])
    return OK
