"""Reading a configuration: TOML, then the environment, then secrets; every mistake is named by its place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import attrs
import platformdirs

from venuekit.errors import ConfigError
from venuekit.model.table import structured
from venuekit.settings.address import passwords
from venuekit.settings.hours import read_windows
from venuekit.settings.lines import lines_of
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
    environ: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    def venue(self, name: str, options: type[Any]) -> VenueTable:
        """The ``[venues.NAME]`` table for an adapter with this class of options.

        An option with ``metadata={"env": "NAME"}`` has a variable of the venue's own, such as the one that its SDK
        reads: that counts where nothing else sets the option.
        """
        table = dict(self.config.venues.get(name, {}))
        for field in attrs.fields(options):
            value = self.environ.get(field.metadata.get("env", ""))
            if value and field.name not in table:
                table[field.name] = value
        return VenueTable(table, self.secrets | _long(literals(table)))


@attrs.frozen
class VenueTable:
    """What one adapter is given, and every secret in the configuration."""

    options: Mapping[str, Any] = attrs.field(repr=False)
    secrets: frozenset[str] = attrs.field(repr=False)


def load_config(source: str | Path | DeskConfig | None, *, environ: Mapping[str, str]) -> DeskConfig:
    """The configuration in `source`: a TOML file's path, a venue's name, a `DeskConfig`, or None for the defaults.

    Raises:
        ConfigError: unreadable, an unknown key, a bad value, a missing secret; names file and place.
    """
    return load(source, environ=environ).config


def load(source: str | Path | DeskConfig | None, *, environ: Mapping[str, str], agent: bool = False) -> Loaded:
    """`load_config`, with where each value came from. `agent` applies stricter default limits if none are set."""
    if isinstance(source, DeskConfig):
        known = literals(source.venues) | passwords(source.store.url)
        return Loaded(config=source, sources={}, secrets=_long(known), environ=environ)
    tree, path = _read(source)
    sources = _from_file(tree, path)
    for place, value in _from_environment(environ):
        _put(tree, place, value)
        sources[".".join(place)] = f"{_ENVIRONMENT} {PREFIX}{'__'.join(place).upper()}"
    used: set[str] = set()
    tree = fill_in(tree, EnvironmentSecrets(environ), place="", used=used)
    used |= literals(tree)
    where = str(path) if path else "configuration"
    config = _structured(tree, where, sources)
    read_windows(config.hours, where)
    used |= passwords(config.store.url)
    if agent and "risk" not in tree:
        config = attrs.evolve(config, risk=AGENT_RISK)
        sources |= {
            f"risk.{f.name}": "default for agents"
            for f in attrs.fields(type(AGENT_RISK))
            if getattr(AGENT_RISK, f.name) != f.default
        }
    return Loaded(config=config, sources=sources, path=path, secrets=_long(used), environ=environ)


def _long(secrets: AbstractSet[str]) -> frozenset[str]:
    return frozenset(secret for secret in secrets if len(secret) >= _SHORTEST)


def _structured(tree: Mapping[str, Any], where: str, sources: Mapping[str, str]) -> DeskConfig:
    try:
        config: DeskConfig = structured(tree, DeskConfig, "", where)
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


def anchor_file(config: DeskConfig) -> Path | None:
    """The file that remembers the end of the chain, if one was chosen."""
    return Path(config.audit.anchor).expanduser() if config.audit.anchor else None


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


def _from_file(tree: Mapping[str, Any], path: Path | None) -> dict[str, str]:
    """Where each value of a file stands, with its line."""
    if path is None:
        return dict.fromkeys(_leaves(tree), _FILE)
    lines, found = lines_of(path.read_text(encoding="utf-8")), {}
    for place in _leaves(tree):
        key = place
        while key not in lines and "." in key:  # inside of a value, as in an inline table
            key = key.rpartition(".")[0]
        found[place] = f"{_FILE} {path}:{lines[key]}" if key in lines else f"{_FILE} {path}"
    return found


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
