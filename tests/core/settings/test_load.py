"""A configuration is read without surprises: what it does not say is a default, what is wrong is named by its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.errors import ConfigError
from venuekit.protocols.approver import Mode, Role
from venuekit.settings.check import check
from venuekit.settings.load import data_dir, load, load_config, store_url
from venuekit.settings.schema import AGENT_RISK, DeskConfig, DeskSettings, RiskSettings, StoreSettings

EMPTY: dict[str, str] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "desk.toml"


def write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_given_is_all_defaults() -> None:
    assert load_config(None, environ=EMPTY) == DeskConfig()


def test_a_venues_name_chooses_the_venue_and_nothing_else() -> None:
    assert load_config("coinbase", environ=EMPTY) == DeskConfig(desk=DeskSettings(venue="coinbase"))


def test_a_configuration_in_code_is_taken_as_it_is() -> None:
    config = DeskConfig(desk=DeskSettings(venue="x"))
    assert load_config(config, environ={"VENUEKIT__DESK__VENUE": "paper"}) is config


def test_every_kind_of_value_is_read_to_its_type(file: Path) -> None:
    write(
        file,
        """
        [desk]
        venue = "coinbase"
        mode = "live"
        role = "analyst"
        [risk]
        max_order_notional = "2500.50"
        max_gross_exposure = 100000
        max_open_orders = 5
        check_balance = false
        duplicate_window_seconds = 2
        allowed_instruments = ["BTC-*", "ETH-USD"]
        [risk.max_position_size]
        "BTC-USD" = "0.5"
        [[hours]]
        timezone = "America/New_York"
        weekdays = ["mon", "fri"]
        [agents.night]
        role = "viewer"
        mode = "read_only"
        [venues.coinbase]
        api_key = "organizations/x"
        anything = { nested = [1, 2.5] }
        """,
    )
    config = load_config(file, environ=EMPTY)
    assert config.desk.mode is Mode.LIVE
    assert config.desk.role is Role.ANALYST
    assert config.risk.max_order_notional == Decimal("2500.50")
    assert config.risk.max_gross_exposure == Decimal(100000)
    assert config.risk.max_position_size == {"BTC-USD": Decimal("0.5")}
    assert config.risk.check_balance is False
    assert config.risk.duplicate_window_seconds == 2.0
    assert config.risk.allowed_instruments == ("BTC-*", "ETH-USD")
    assert config.hours[0].weekdays == ("mon", "fri")
    assert config.agents["night"].mode is Mode.READ_ONLY
    assert config.venues["coinbase"]["anything"] == {"nested": [1, 2.5]}


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("[desk]\nvenu = 'paper'", "desk.venu", "Did you mean venue?"),
        ("[riks]\nx = 1", "riks", "Did you mean risk?"),
        ("[desk]\nqqqq = 1", "desk.qqqq", "Known here: account"),
        ("[risk]\nmax_order_notional = 2500.5", "risk.max_order_notional", '"2500.5"'),
        ("[risk]\nmax_order_notional = 'NaN'", "risk.max_order_notional", "plain decimal"),
        ("[risk]\nmax_order_notional = '1e5'", "risk.max_order_notional", "plain decimal"),
        ("[risk]\nmax_order_notional = true", "risk.max_order_notional", "plain decimal"),
        ("[risk]\nmax_order_notional = [1]", "risk.max_order_notional", "plain decimal"),
        ("[risk]\nmax_open_orders = '5x'", "risk.max_open_orders", "whole number"),
        ("[risk]\nmax_open_orders = 2.5", "risk.max_open_orders", "whole number"),
        ("[risk]\nmax_open_orders = -1", "risk.max_open_orders", "0 or more"),
        ("[risk]\nmax_open_orders = true", "risk.max_open_orders", "whole number"),
        ("[risk]\nmax_quote_age_seconds = nan", "risk.max_quote_age_seconds", "0 or more"),
        ("[risk]\nmax_quote_age_seconds = inf", "risk.max_quote_age_seconds", "0 or more"),
        ("[risk]\ncheck_balance = 'yes'", "risk.check_balance", "true or false"),
        ("[risk]\ncheck_balance = 1", "risk.check_balance", "true or false"),
        ("[risk]\nallowed_instruments = 5", "risk.allowed_instruments", "a list"),
        ("[risk]\nallowed_instruments = [5]", "risk.allowed_instruments[0]", "text in quotes"),
        ("risk = 5", "risk", "a table"),
        ("[desk]\nrole = 'Trader'", "desk.role", "viewer, analyst, trader, admin"),
        ("[risk.max_position_size]\nBTC-USD = 0.5", "risk.max_position_size.BTC-USD", '"0.5"'),
        ("[[hours]]\nstat = '09:00'", "hours[0].stat", "Did you mean start?"),
        ("[agents.bot]\nrole = 'root'", "agents.bot.role", "viewer, analyst, trader, admin"),
        ("[agents]\nbot = 5", "agents.bot", "a table"),
        ("venues = 5", "venues", "a table"),
    ],
)
def test_a_mistake_is_named_with_file_place_and_what_is_accepted(file: Path, text: str, field: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(write(file, text), environ=EMPTY)
    assert refused.value.field == field
    assert field in refused.value.message
    assert str(file) in refused.value.message
    assert says in str(refused.value)


def test_what_is_no_toml_or_not_there_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        load_config(write(file, "[desk]\nvenue = \n"), environ=EMPTY)
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml", environ=EMPTY)
    with pytest.raises(ConfigError, match="Cannot read"):
        load_config(tmp_path, environ=EMPTY)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="Cannot read"):
        load_config(str(file), environ=EMPTY)


@pytest.mark.parametrize("word", ["LIVE", "live ", " live", "", "on", "true", "live\n", "Live", "shadow,live", "ｌive"])
def test_words_that_look_like_a_mode_are_none(file: Path, word: str) -> None:
    with pytest.raises(ConfigError, match=r"desk\.mode"):
        load_config(write(file, f"[desk]\nmode = {word!r}".replace("'", '"')), environ=EMPTY)


@given(st.text())
def test_no_other_word_than_the_three_sets_a_mode(word: str) -> None:
    exact = word in ("read_only", "shadow", "live")
    try:
        mode = load_config(None, environ={"VENUEKIT__DESK__MODE": word}).desk.mode
    except ConfigError:
        assert not exact
    else:
        assert exact
        assert mode == word


@given(st.text())
def test_no_text_becomes_a_limit_unless_it_is_a_plain_decimal(text: str) -> None:
    try:
        limit = load_config(None, environ={"VENUEKIT__RISK__MAX_ORDER_NOTIONAL": text}).risk.max_order_notional
    except ConfigError:
        assert text != "off"
    else:
        assert limit is None if text == "off" else limit == Decimal(text) and limit.is_finite()


def test_a_limit_is_switched_off_by_that_word_alone(file: Path) -> None:
    assert load_config(write(file, '[risk]\nprice_collar = "off"'), environ=EMPTY).risk.price_collar is None
    for text in ("", "none", "OFF", "null"):
        with pytest.raises(ConfigError, match="or off"):
            load_config(None, environ={"VENUEKIT__RISK__PRICE_COLLAR": text})


def test_the_environment_wins_over_the_file_and_every_value_knows_where_it_came_from(file: Path) -> None:
    write(file, "[risk]\nmax_open_orders = 5\nmax_order_notional = '10'")
    environ = {
        "VENUEKIT__RISK__MAX_OPEN_ORDERS": "7",
        "VENUEKIT__RISK__ALLOWED_INSTRUMENTS": "BTC-*, ETH-*",
        "HOME": "/x",
    }
    loaded = load(file, environ=environ)
    assert loaded.config.risk.max_open_orders == 7
    assert loaded.config.risk.allowed_instruments == ("BTC-*", "ETH-*")
    assert loaded.config.risk.max_order_notional == Decimal(10)
    assert loaded.sources == {
        "risk.max_open_orders": "environment VENUEKIT__RISK__MAX_OPEN_ORDERS",
        "risk.allowed_instruments": "environment VENUEKIT__RISK__ALLOWED_INSTRUMENTS",
        "risk.max_order_notional": f"file {file}:3",
    }


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("VENUEKIT__RISK__MAX_ORDRE_NOTIONAL", "5", "risk.max_ordre_notional"),
        ("VENUEKIT__RISK__MAX_OPEN_ORDERS", "many", "risk.max_open_orders"),
        ("VENUEKIT__RISK__CHECK_BALANCE", "no", "risk.check_balance"),
        ("VENUEKIT__DESK", "paper", "desk"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(name: str, value: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(None, environ={name: value})
    assert refused.value.field == field
    assert name in refused.value.message


def test_a_variable_below_a_value_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="below a value"):
        load_config(write(file, "[desk]\nvenue = 'paper'"), environ={"VENUEKIT__DESK__VENUE__X": "1"})


def test_secrets_are_filled_in_and_remembered_so_that_they_can_be_taken_out_of_everything(file: Path) -> None:
    write(file, '[venues.x]\nkey = "pre-${THE_KEY}"\nlist = ["${THE_KEY}"]\napi_secret = "written-literally"\n')
    loaded = load(file, environ={"THE_KEY": "s3cr3t-value"})
    assert loaded.config.venues["x"]["key"] == "pre-s3cr3t-value"
    assert loaded.config.venues["x"]["list"] == ["s3cr3t-value"]
    assert {"s3cr3t-value", "written-literally"} <= loaded.secrets
    assert "s3cr3t-value" not in repr(loaded)
    assert "written-literally" not in repr(loaded)


def test_a_short_word_that_was_filled_in_is_not_taken_for_a_secret(file: Path) -> None:
    write(file, '[desk]\nmode = "${MODE}"')
    loaded = load(file, environ={"MODE": "shadow"})
    assert loaded.config.desk.mode is Mode.SHADOW
    assert loaded.secrets == frozenset()


def test_a_missing_secret_is_named_and_no_other_value_shown(file: Path) -> None:
    write(file, '[venues.x]\napi_key = "${GIVEN} ${MISSING_KEY}"')
    with pytest.raises(ConfigError) as refused:
        load_config(file, environ={"GIVEN": "visible-secret"})
    assert "MISSING_KEY" in str(refused.value)
    assert refused.value.field == "venues.x.api_key"
    assert "visible-secret" not in str(refused.value.to_dict())


def test_an_empty_secret_counts_as_missing(file: Path) -> None:
    with pytest.raises(ConfigError, match="EMPTY"):
        load_config(write(file, '[venues.x]\nk = "${EMPTY}"'), environ={"EMPTY": ""})


def test_a_bad_value_of_a_secret_setting_is_not_shown(file: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(write(file, "[agents.bot]\ntoken_sha256 = 12345678901"), environ=EMPTY)
    assert "12345678901" not in str(refused.value.to_dict())


def test_servers_get_stricter_limits_only_when_none_are_set(file: Path) -> None:
    assert load(None, environ=EMPTY, agent=True).config.risk == AGENT_RISK
    assert load(None, environ=EMPTY, agent=True).sources["risk.max_order_notional"] == "default for agents"
    own = load(write(file, "[risk]\nmax_open_orders = 1"), environ=EMPTY, agent=True)
    assert own.config.risk == RiskSettings(max_open_orders=1)


@pytest.mark.parametrize("account", ["", "a b", "../x", "a/b", "ä", "a\n"])
def test_an_account_that_could_not_be_a_file_name_is_refused(account: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check(DeskConfig(desk=DeskSettings(account=account)))
    assert refused.value.field == "desk.account"


def test_an_unknown_way_of_writing_is_refused() -> None:
    with pytest.raises(ConfigError, match="NORMAL or FULL"):
        check(DeskConfig(store=StoreSettings(synchronous="OFF")))


def test_the_store_is_in_the_data_folder_unless_it_says_otherwise(tmp_path: Path) -> None:
    config = DeskConfig(desk=DeskSettings(data_dir=str(tmp_path)))
    assert data_dir(config) == tmp_path
    assert store_url(config) == f"sqlite:///{tmp_path}/venuekit.db"
    assert store_url(attrs.evolve(config, store=StoreSettings(url="sqlite:///x.db"))) == "sqlite:///x.db"
    assert data_dir(DeskConfig()).name == "venuekit"


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("[risk]\nmax_order_notional = '-5'", "risk.max_order_notional", "0 or more"),
        ("[risk]\nprice_collar = 5", "risk.price_collar", "a share from 0 to 1"),
        ("[risk]\nprice_collar = '-0.01'", "risk.price_collar", "a share from 0 to 1"),
        ("[risk.max_position_size]\nBTC-USD = '-1'", "risk.max_position_size", "0 or more"),
        ("[approval]\nrequire_above = '-1'", "approval.require_above", "0 or more"),
        ("[approval]\nexpires_seconds = 0", "approval.expires_seconds", "more than 0"),
        ("[breakers]\ndaily_loss_critical = '15'", "breakers.daily_loss_critical", "a share from 0 to 1"),
        ("[pace]\norders = 0", "pace.orders", "more than 0"),
        ("[streams]\nbuffer = 0", "streams.buffer", "more than 0"),
    ],
)
def test_a_number_out_of_range_is_refused_before_it_switches_a_limit_off(
    file: Path, text: str, field: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        load_config(write(file, text), environ=EMPTY)
    assert refused.value.field == field
    assert str(file) in refused.value.message


@pytest.mark.parametrize("share", ["0", "0.05", "1"])
def test_the_ends_of_a_range_belong_to_it(share: str) -> None:
    environ = {"VENUEKIT__RISK__PRICE_COLLAR": share, "VENUEKIT__RISK__MAX_OPEN_ORDERS": "0"}
    assert load_config(None, environ=environ).risk.price_collar == Decimal(share)


@pytest.mark.parametrize("number", ["-1", "NaN", "Infinity", "1.01"])
def test_a_configuration_in_code_is_held_to_the_same_ranges(number: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check(DeskConfig(risk=RiskSettings(max_spread=Decimal(number))))
    assert refused.value.field == "risk.max_spread"


def test_every_default_is_in_range() -> None:
    assert check(DeskConfig()) == DeskConfig()
    assert check(DeskConfig(risk=AGENT_RISK)).risk == AGENT_RISK


def test_an_instrument_in_a_variable_keeps_its_letters() -> None:
    environ = {"VENUEKIT__RISK__MAX_POSITION_SIZE__BTC-USD": "0.5"}
    assert load_config(None, environ=environ).risk.max_position_size == {"BTC-USD": Decimal("0.5")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RISK__MAX_OPEN_ORDERS", "５"),
        ("RISK__MAX_OPEN_ORDERS", "1_000"),
        ("RISK__MAX_OPEN_ORDERS", " 5"),
        ("RISK__MAX_OPEN_ORDERS", "+5"),
        ("RISK__MAX_OPEN_ORDERS", "5\n"),
        ("RISK__MAX_QUOTE_AGE_SECONDS", "1e3"),
        ("RISK__MAX_QUOTE_AGE_SECONDS", "inf"),
        ("RISK__MAX_QUOTE_AGE_SECONDS", "1_0.5"),
        ("RISK__MAX_QUOTE_AGE_SECONDS", ".5"),
    ],
)
def test_a_number_in_a_variable_is_written_plainly(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match="0 or more"):
        load_config(None, environ={f"VENUEKIT__{name}": value})


def test_an_empty_entry_in_a_list_is_refused_by_its_place(file: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(write(file, '[risk]\nallowed_instruments = ["BTC-*", ""]'), environ=EMPTY)
    assert refused.value.field == "risk.allowed_instruments[1]"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[desk]\naccount = '..'", "desk.account"),
        ("[desk]\naccount = 'a/b'", "desk.account"),
        ("[desk]\nagent_id = ''", "desk.agent_id"),
        ('[desk]\nagent_id = "a\\nb"', "desk.agent_id"),
        ("[desk]\ncurrency = ''", "desk.currency"),
        ("[agents.'two words']\nrole = 'viewer'", "agents.two words"),
        ("[agents.bot]\ntoken_sha256 = 'hunter2'", "agents.bot.token_sha256"),
        ("[store]\nsynchronous = 'full'", "store.synchronous"),
        ("[store]\nurl = 'postgres://me:hunter2@host/db'", "store.url"),
        ("[store]\nurl = 'venuekit.db'", "store.url"),
        ("[store]\nurl = 'sqlite:///'", "store.url"),
    ],
)
def test_a_word_that_cannot_be_right_is_refused_by_its_place_and_no_secret_is_shown(
    file: Path, text: str, field: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        check(load_config(write(file, text), environ=EMPTY))
    assert refused.value.field == field
    assert "hunter2" not in str(refused.value)


def test_an_end_may_be_written_as_tomls_own_time(file: Path) -> None:
    write(file, "[agents.bot]\nexpires = 2026-12-31T18:00:00Z")
    assert check(load_config(file, environ=EMPTY)).agents["bot"].expires == "2026-12-31T18:00:00+00:00"
    write(file, "[agents.bot]\nexpires = 2026-12-31T18:00:00")
    with pytest.raises(ConfigError, match="with a zone"):
        check(load_config(file, environ=EMPTY))
