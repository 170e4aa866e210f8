"""What one value alone cannot show, and what a configuration made in code may have wrong as well."""

from __future__ import annotations

import re

import attrs

from venuekit.errors import InvalidValue
from venuekit.model.table import accepted, mistake
from venuekit.model.times import parse_iso
from venuekit.protocols.trading import TradingState
from venuekit.settings.address import shown
from venuekit.settings.credentials import check_credentials
from venuekit.settings.hours import read_windows
from venuekit.settings.schema import AgentSettings, BreakerSettings, DeskConfig, FigureSettings

_WHERE = "configuration"
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it becomes part of file names
_AGENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_CURRENCY = re.compile(r"[A-Za-z0-9]{1,12}")
# In the environment it stands in capitals, and is read in small letters.
_FIGURE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MOST_RECOVERIES = 3
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_PAGE = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")
_STORE = re.compile(r"sqlite://(/.+)?|postgresql://.+")


def check(config: DeskConfig) -> DeskConfig:
    """`config` itself, when nothing in it is wrong.

    Raises:
        ConfigError: a number out of range, a name that cannot be one, a store that is none; names its place.
    """
    for table in attrs.fields(DeskConfig):
        section = getattr(config, table.name)
        for field in attrs.fields(type(section)) if attrs.has(type(section)) else ():
            value = getattr(section, field.name)
            if (range_ := accepted(field, value)) is not None:
                raise mistake(f"{table.name}.{field.name}", _WHERE, str(value), range_)
    _matches(_ACCOUNT, "desk.account", config.desk.account, "1 to 64 letters, digits, . _ - and begin with no mark")
    _matches(_AGENT, "desk.agent_id", config.desk.agent_id, "1 to 64 letters, digits, . _ : - and begin with no mark")
    _matches(_CURRENCY, "desk.currency", config.desk.currency, "1 to 12 letters and digits, such as USD")
    for name, agent in config.agents.items():
        _matches(_AGENT, f"agents.{name}", name, "named by 1 to 64 letters, digits, . _ : -")
        if agent.token_sha256 and not _SHA256.fullmatch(agent.token_sha256):
            raise mistake(f"agents.{name}.token_sha256", _WHERE, "", "64 hexadecimal digits")
        _check_grant(f"agents.{name}", agent)
    read_windows(config.hours)
    for name, operator in config.operators.items():
        _matches(_AGENT, f"operators.{name}", name, "named by 1 to 64 letters, digits, . _ : -")
        if not _SHA256.fullmatch(operator.token_sha256):
            raise mistake(f"operators.{name}.token_sha256", _WHERE, "", "64 hexadecimal digits")
    check_credentials(config)
    if config.approval.page_url:
        _matches(_PAGE, "approval.page_url", config.approval.page_url, "http://HOST:PORT or https://HOST, no password")
    _check_breakers(config.breakers)
    if config.store.synchronous not in ("NORMAL", "FULL"):
        raise mistake("store.synchronous", _WHERE, config.store.synchronous, "NORMAL or FULL")
    if config.store.url and not _STORE.fullmatch(config.store.url):
        wanted = "sqlite:///PATH, sqlite:// for one in memory, or postgresql://USER:PASSWORD@HOST/DATABASE"
        raise mistake("store.url", _WHERE, shown(config.store.url), wanted)
    return config


def _check_breakers(breakers: BreakerSettings) -> None:
    if breakers.max_recoveries > _MOST_RECOVERIES:
        wanted = f"0 to {_MOST_RECOVERIES}: after that a person decides"
        raise mistake("breakers.max_recoveries", _WHERE, breakers.max_recoveries, wanted)
    for name, figure in breakers.figures.items():
        place = f"breakers.figures.{name}"
        _matches(_FIGURE, place, name, "named by 1 to 64 small letters, digits, . _ -")
        for field in attrs.fields(FigureSettings):
            value = getattr(figure, field.name)
            if (range_ := accepted(field, value)) is not None:
                raise mistake(f"{place}.{field.name}", _WHERE, str(value), range_)
        if figure.floor is None and figure.ceiling is None:
            raise mistake(place, _WHERE, "without limits", "given a floor, a ceiling or both")
        if figure.floor is not None and figure.ceiling is not None and figure.floor > figure.ceiling:
            raise mistake(f"{place}.floor", _WHERE, str(figure.floor), "no more than its ceiling")
        if figure.leads_to is TradingState.ACTIVE:
            raise mistake(f"{place}.leads_to", _WHERE, "ACTIVE", "REDUCING or HALTED")


def _check_grant(place: str, agent: AgentSettings) -> None:
    for field in attrs.fields(AgentSettings):
        value = getattr(agent, field.name)
        if (range_ := accepted(field, value)) is not None:
            raise mistake(f"{place}.{field.name}", _WHERE, str(value), range_)
    if agent.expires:
        try:
            parse_iso(agent.expires, field=f"{place}.expires")
        except InvalidValue as error:
            raise mistake(f"{place}.expires", _WHERE, agent.expires, str(error.details["accepted"])) from error


def _matches(pattern: re.Pattern[str], place: str, text: str, wanted: str) -> None:
    if not pattern.fullmatch(text):
        raise mistake(place, _WHERE, text, wanted)
