"""Limits that were changed while desks run, laid over those of the configuration: the stricter counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import attrs

from venuekit.errors import ConfigError
from venuekit.model.table import read_table
from venuekit.protocols.journal import LimitOverride
from venuekit.settings.schema import RiskSettings
from venuekit.settings.stricter import TIGHTER, stricter

_TABLE = "risk"
_OFF = "off"
#: The rules that this version knows; see `LimitOverride.format`.
_FORMAT = 1
_FIELDS: Mapping[str, attrs.Attribute[Any]] = attrs.fields_dict(RiskSettings)


@attrs.frozen
class Effective:
    """Limits as they hold now.

    `active` are the changes that hold, `problem` says why they cannot be known, `ends_ns` is when the next one ends.
    """

    risk: RiskSettings
    active: Sequence[LimitOverride] = ()
    problem: str = ""
    ends_ns: int | None = None


@attrs.frozen
class Limit:
    """One limit that can be changed: a key of ``[risk]``, and below it the instrument if it has one for each."""

    field: attrs.Attribute[Any]
    key: str = ""

    @property
    def name(self) -> str:
        """As the operator writes it."""
        return f"{self.field.name}.{self.key}" if self.key else self.field.name

    def of(self, risk: RiskSettings) -> Any:
        """Its value; None is no limit."""
        value = getattr(risk, self.field.name)
        return value.get(self.key) if self.key else value

    def put(self, risk: RiskSettings, value: Any) -> RiskSettings:
        """`risk` with this value."""
        if self.key:
            table = {k: v for k, v in getattr(risk, self.field.name).items() if k != self.key}
            value = table if value is None else {**table, self.key: value}
        changes: dict[str, Any] = {self.field.name: value}
        return attrs.evolve(risk, **changes)

    def read(self, text: str, where: str) -> Any:
        """The value that `text` stands for, by the rules of the file.

        Raises:
            ConfigError: it is none; says what would be accepted.
        """
        if self.key and text == _OFF:
            return None
        given = {self.field.name: {self.key: text} if self.key else text}
        return self.of(read_table(given, RiskSettings, _TABLE, where))

    def stricter(self, one: Any, other: Any) -> Any:
        """The value that lets less pass; of two lists, both."""
        return stricter(self.field.metadata[TIGHTER], one, other)

    def loosens(self, configured: Any, value: Any) -> bool:
        """Whether `value` would have to take the place of the configured one to have any effect."""
        return bool(value != configured and self.stricter(configured, value) == configured)


def limit_named(name: str, where: str = "limit") -> Limit:
    """The limit of this name: ``max_order_notional``, ``risk.max_order_notional``, ``max_position_size.BTC-USD``.

    Raises:
        ConfigError: there is none, or it cannot be changed while desks run; names the nearest.
    """
    word, _, key = name.removeprefix(f"{_TABLE}.").partition(".")
    if word not in _FIELDS:
        read_table({word: ""}, RiskSettings, _TABLE, where)  # says what is near
    field = _FIELDS[word]
    if not field.metadata.get(TIGHTER):
        raise ConfigError(
            f"{where}: {_TABLE}.{word} cannot be changed while desks run.",
            fix="Change it in the configuration, and start the desk again."
            + (" To keep instruments out at once, set denied_instruments." if word == "allowed_instruments" else ""),
            field=f"{_TABLE}.{word}",
            details={"accepted": sorted(n for n, f in _FIELDS.items() if f.metadata.get(TIGHTER))},
        )
    for_each = isinstance(field.default, attrs.Factory)  # type: ignore[arg-type]
    if for_each != bool(key):
        accepted = f"{word}.INSTRUMENT" if for_each else word
        raise ConfigError(
            f"{where}: {_TABLE}.{word} is {'one limit an instrument' if for_each else 'one limit for all'}.",
            fix=f"Write {accepted}.",
            field=f"{_TABLE}.{word}",
            details={"accepted": accepted},
        )
    return Limit(field, key)


def effective(configured: RiskSettings, changes: Sequence[LimitOverride], *, desk: str, now_ns: int) -> Effective:
    """The limits of `desk`: its own, and those of `changes` that are for it and have not ended.

    Of several, the strictest counts. One that loosens takes the place of the configured value.
    """
    active = tuple(c for c in changes if c.desk in ("", desk) and (c.until_ns is None or c.until_ns > now_ns))
    given: dict[str, list[tuple[LimitOverride, Limit, Any]]] = {}
    for change in active:
        where = f"The change of {change.name} by {change.by or 'somebody'}"
        if change.format != _FORMAT:
            return Effective(configured, active, f"{where} was made by a newer version of venuekit")
        try:
            limit = limit_named(change.name, where)
            given.setdefault(limit.name, []).append((change, limit, limit.read(change.value, where)))
        except ConfigError as error:
            return Effective(configured, active, error.message.rstrip("."))
    risk = configured
    for found in given.values():
        limit = found[0][1]
        own = [] if any(change.loosens for change, _, _ in found) else [limit.of(configured)]
        risk = limit.put(risk, reduce(limit.stricter, [*own, *(value for _, _, value in found)]))
    ends = [c.until_ns for c in active if c.until_ns is not None]
    return Effective(risk, active, ends_ns=min(ends, default=None))
