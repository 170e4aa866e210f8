"""Every setting: its value, where it comes from, what holds it and where, and how often that refused."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.desk.risk.enforcement import code_of, enforcer
from venuekit.desk.risk.verdicts import text
from venuekit.model.table import is_secret
from venuekit.model.times import iso
from venuekit.protocols.journal import LimitOverride
from venuekit.settings.address import shown as address_shown
from venuekit.settings.overrides import effective
from venuekit.settings.schema import DeskConfig


@attrs.frozen
class Parameter:
    """One setting. `source` is default, file, environment, or who changed it; `configured` what it was without that.

    `enforced_by` is a check of an order or another part, `code` where that is. `refused_count` is how often it
    refused, and `refused_agents` whom.
    """

    name: str
    value: str
    source: str
    enforced_by: str
    refused_count: int
    doc: str = ""
    code: str = ""
    configured: str = ""
    refused_agents: Mapping[str, int] = attrs.Factory(dict)


def explain(
    config: DeskConfig,
    *,
    sources: Mapping[str, str] | None = None,
    refused: Mapping[str, Mapping[str, int]] | None = None,
    changes: Sequence[LimitOverride] = (),
    desk: str = "",
    now_ns: int = 0,
) -> list[Parameter]:
    """Every setting of every table, by itself also one that was added since.

    `sources` maps ``table.key`` to where the value was set; what it does not name is a default if it has the
    default's value, else it was given in code. `refused` counts refusals by the name of the check and the agent.
    `changes` are limits that operators changed, of which those count that hold at `now_ns` on `desk`.
    """
    held = effective(config.risk, changes, desk=desk, now_ns=now_ns)
    now = dict(_settings(attrs.evolve(config, risk=held.risk)))
    standard = dict(_settings(DeskConfig()))
    rows = []
    for name, (value, doc) in _settings(config):
        source = _source(name, sources or {}) or ("default" if _is_default(name, value, standard) else "code")
        changed = [c for c in held.active if f"risk.{c.name}".startswith(name) and name.startswith("risk.")]
        by = enforcer(name)
        agents = (refused or {}).get(by, {})
        rows.append(
            Parameter(
                name,
                _told(name, now[name][0] if name in now else value),
                "; ".join([*(_who(c) for c in changed), source]),
                by,
                sum(agents.values()),
                doc,
                code_of(by),
                _told(name, value) if changed else "",
                dict(agents),
            )
        )
    return rows


def _settings(config: DeskConfig) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Name, value and meaning of every leaf."""
    attrs.resolve_types(DeskConfig)
    for field in attrs.fields(DeskConfig):
        yield from _leaves(field.name, getattr(config, field.name), field)


def _leaves(place: str, value: Any, field: attrs.Attribute[Any]) -> Iterator[tuple[str, tuple[Any, str]]]:
    doc = field.metadata.get("doc", "")
    if attrs.has(type(value)):
        attrs.resolve_types(type(value))
        for inner in attrs.fields(type(value)):
            yield from _leaves(f"{place}.{inner.name}", getattr(value, inner.name), inner)
    elif _of_tables(field.type):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            yield from _leaves(f"{place}.{key}" if isinstance(key, str) else f"{place}[{key}]", item, field)
        if not value:
            yield place, (None, doc or "No such table.")
    elif place == "venues":
        yield place, (tuple(value), "Tables that adapters read; venuekit venues tells their settings.")
    else:
        yield place, (value, doc)


def _of_tables(kind: Any) -> bool:
    """Whether a field's type is a list or a mapping of tables."""
    return any(isinstance(a, type) and attrs.has(a) for a in typing.get_args(kind)) and (
        typing.get_origin(kind) in (Sequence, Mapping)
    )


def _source(name: str, sources: Mapping[str, str]) -> str:
    """Where a setting was set: itself, a key below it, or the list that it is in."""
    below = next((source for key, source in sources.items() if key.startswith(f"{name}.")), "")
    return sources.get(name) or below or sources.get(name.partition("[")[0] if "[" in name else "", "")


def _is_default(name: str, value: Any, standard: Mapping[str, tuple[Any, str]]) -> bool:
    if name in standard:
        return bool(standard[name][0] == value)
    return not value  # of a table that there is none of by default


def _who(change: LimitOverride) -> str:
    until = f" until {iso(change.until_ns)}" if change.until_ns else ""
    loosened = "loosened" if change.loosens else "changed"
    where = f" on {change.desk}" if change.desk else ""
    return f"{loosened} to {change.value}{where} by {change.by} at {iso(change.since_ns)}{until}"


def _told(name: str, value: Any) -> str:
    """The value as it may be shown: no secret, and no password in an address."""
    if name == "store.url":
        return address_shown(value) or "default"
    if is_secret(name.rpartition(".")[2]):
        return "set" if value else "not set"
    return shown(value)


def shown(value: object) -> str:
    """A setting's value for people."""
    if value is None:
        return "off"
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {shown(part)}" for key, part in sorted(value.items())) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(part) for part in value) or "none"
    return str(value)
