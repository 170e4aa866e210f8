"""Reading a configuration: TOML, then the environment, then secrets; every mistake is named by its place."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import platformdirs

from venuekit.errors import ConfigError, InvalidValue
from venuekit.model.money import parse_decimal
from venuekit.settings.address import passwords
from venuekit.settings.bounds import accepted
from venuekit.settings.mistakes import mistake
from venuekit.settings.schema import AGENT_RISK, DeskConfig
from venuekit.settings.secrets import EnvironmentSecrets, fill_in, literals

PREFIX = "VENUEKIT__"
_FILE, _ENVIRONMENT = "file", "environment"
#: Shorter values are not looked for in texts: a secret is never that short, and a word may be.
_SHORTEST = 8


@attrs.frozen(kw_only=True)
class Loaded:
    """A configuration, its secrets, and where each value came from (``risk.price_collar``: file, environment)."""

    config: DeskConfig
    sources: Mapping[str, str]
    path: Path | None = None
    secrets: frozenset[str] = attrs.field(default=frozenset(), repr=False)


def load_config(source: str | Path | DeskConfig | None, *, environ: Mapping[str, str]) -> DeskConfig:
    """The configuration in `source`: a TOML file's path, a venue's name, a `DeskConfig`, or None for the defaults.

    Raises:
        ConfigError: unreadable, an unknown key, a bad value, a missing secret; names file and place.
    """
    return load(source, environ=environ).config


def load(source: str | Path | DeskConfig | None, *, environ: Mapping[str, str], agent: bool = False) -> Loaded:
    """`load_config`, with where each value came from. `agent` applies stricter default limits if none are set."""
    if isinstance(source, DeskConfig):
        return Loaded(config=source, sources={})
    tree, path = _read(source)
    sources: dict[str, str] = dict.fromkeys(_leaves(tree), f"{_FILE} {path}" if path else _FILE)
    for place, value in _from_environment(environ):
        _put(tree, place, value)
        sources[".".join(place)] = f"{_ENVIRONMENT} {PREFIX}{'__'.join(place).upper()}"
    used: set[str] = set()
    tree = fill_in(tree, EnvironmentSecrets(environ), place="", used=used)
    used |= literals(tree)
    config = _structured(tree, str(path) if path else "configuration", sources)
    used |= passwords(config.store.url)
    if agent and "risk" not in tree:
        config = attrs.evolve(config, risk=AGENT_RISK)
        sources |= {
            f"risk.{f.name}": "default for agents"
            for f in attrs.fields(type(AGENT_RISK))
            if getattr(AGENT_RISK, f.name) != f.default
        }
    return Loaded(config=config, sources=sources, path=path, secrets=frozenset(s for s in used if len(s) >= _SHORTEST))


def _structured(tree: Mapping[str, Any], where: str, sources: Mapping[str, str]) -> DeskConfig:
    try:
        config: DeskConfig = _structure(tree, DeskConfig, "", where)
    except ConfigError as error:
        source = sources.get(error.field or "", "")
        if not source.startswith(_ENVIRONMENT):
            raise
        message = error.message.replace(where, source, 1)  # the variable is at fault, not the file
        raise ConfigError(message, fix=error.fix, field=error.field, details=error.details) from error
    return config


def data_dir(config: DeskConfig) -> Path:
    """The folder in which everything is kept; made by whoever writes there first."""
    return (
        Path(config.desk.data_dir).expanduser()
        if config.desk.data_dir
        else Path(platformdirs.user_data_dir("venuekit"))
    )


def store_url(config: DeskConfig) -> str:
    """Where the store is."""
    return config.store.url or f"sqlite:///{data_dir(config) / 'venuekit.db'}"


def _read(source: str | Path | None) -> tuple[dict[str, Any], Path | None]:
    if source is None:
        return {}, None
    text = str(source)
    if isinstance(source, str) and not text.endswith(".toml") and "/" not in text and "\\" not in text:
        return {"desk": {"venue": text}}, None
    path = Path(source)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), path
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read {path}: {error}.", fix="Check the path and its permissions.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.", fix="Correct the line it names.") from error


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in tree.items():
        place = f"{prefix}{key}"
        found += _leaves(value, f"{place}.") if isinstance(value, Mapping) else [place]
    return found


def _from_environment(environ: Mapping[str, str]) -> list[tuple[list[str], str]]:
    return [(_place(name), value) for name, value in sorted(environ.items()) if name.startswith(PREFIX)]


def _place(variable: str) -> list[str]:
    words = variable.removeprefix(PREFIX).split("__")
    place = [word.lower() for word in words]
    # A limit for btc-usd would hold for nothing: instruments are written in their own letters.
    return [*place[:2], *words[2:]] if place[:2] == ["risk", "max_position_size"] else place


def _put(tree: dict[str, Any], place: Sequence[str], value: str) -> None:
    for key in place[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"{PREFIX}{'__'.join(place).upper()} goes below a value that is not a table.", field=key)
    tree[place[-1]] = value


def _structure(value: Any, tp: Any, place: str, where: str) -> Any:
    """`value` as `tp`, or a ConfigError that names `place`. Text from the environment is read as its type."""
    origin, arguments = typing.get_origin(tp), typing.get_args(tp)
    if tp is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _optional(value, next(a for a in arguments if a is not type(None)), place, where)
    if attrs.has(tp):
        return _table(value, tp, place, where)
    if origin in (Mapping, dict):
        if not isinstance(value, Mapping):
            raise mistake(place, where, value, "a table")
        return {str(k): _structure(v, arguments[1], f"{place}.{k}", where) for k, v in value.items()}
    if origin is Sequence:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise mistake(place, where, value, "a list")
        if "" in value:
            raise mistake(f"{place}[{value.index('')}]", where, "", "text that is not empty")
        return tuple(_structure(v, arguments[0], f"{place}[{i}]", where) for i, v in enumerate(value))
    return _scalar(value, tp, place, where)


def _optional(value: Any, tp: Any, place: str, where: str) -> Any:
    """A limit may be switched off, by that word: an empty text is more likely a variable that nobody set."""
    if value == "off" and tp in (Decimal, int, float):
        return None
    try:
        return _structure(value, tp, place, where)
    except ConfigError as error:
        if tp in (Decimal, int, float) and error.field == place:
            raise mistake(place, where, value, f"{error.details['accepted']}, or off") from error
        raise


def _table(value: Any, tp: Any, place: str, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise mistake(place or "the file", where, value, "a table")
    attrs.resolve_types(tp)
    fields = {f.name: f for f in attrs.fields(tp)}
    for key in value:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            full = f"{place}.{key}" if place else str(key)
            known = ", ".join(sorted(fields))
            raise ConfigError(
                f"{where}: unknown key {full}.",
                fix=f"Did you mean {near[0]}?" if near else f"Known here: {known}.",
                field=full,
                details={"accepted": sorted(fields)},
            )
    prefix = f"{place}." if place else ""
    given = {k: _structure(v, fields[k].type, f"{prefix}{k}", where) for k, v in value.items()}
    for key, read in given.items():
        if (range_ := accepted(fields[key], read)) is not None:
            raise mistake(f"{prefix}{key}", where, value[key], range_)
    missing = [n for n, f in fields.items() if f.default is attrs.NOTHING and n not in given]
    if missing:
        raise ConfigError(f"{where}: {prefix}{missing[0]} is required.", field=f"{prefix}{missing[0]}")
    return tp(**given)


def _scalar(value: Any, tp: Any, place: str, where: str) -> Any:
    if tp is Decimal:
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        if isinstance(value, float):
            raise mistake(place, where, value, f'a decimal in quotes, so that no digit is lost: "{value}"')
        try:
            return parse_decimal(value, field=place)
        except InvalidValue as error:
            raise mistake(place, where, value, str(error.details["accepted"])) from error
    if isinstance(tp, type) and issubclass(tp, Enum):
        words = [str(m.value) for m in tp]
        if isinstance(value, str) and value in words:
            return tp(value)
        raise mistake(place, where, value, f"exactly one of {', '.join(words)}")
    if tp is bool:
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise mistake(place, where, value, "true or false")
    if tp in (int, float):
        return _number(value, tp, place, where)
    if isinstance(value, str):
        return value
    raise mistake(place, where, value, "text in quotes")


_DIGITS = {int: re.compile(r"[0-9]{1,15}"), float: re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")}


def _number(value: Any, tp: type[int | float], place: str, where: str) -> int | float:
    accepted = "a whole number of 0 or more" if tp is int else "a number of 0 or more"
    if isinstance(value, str):
        if not _DIGITS[tp].fullmatch(value):
            raise mistake(place, where, value, accepted)
        value = tp(value)
    if isinstance(value, bool) or not isinstance(value, int if tp is int else int | float) or not 0 <= value < 1e15:
        raise mistake(place, where, value, accepted)
    return tp(value)
