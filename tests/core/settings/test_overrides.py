"""Changes laid over the configuration: the stricter counts, and what cannot be understood is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.errors import ConfigError
from venuekit.protocols.journal import LimitOverride
from venuekit.settings.overrides import effective, limit_named
from venuekit.settings.schema import RiskSettings

D = Decimal
DESK = "paper:default"
CHANGEABLE = {name: field for name, field in attrs.fields_dict(RiskSettings).items() if field.metadata.get("tighter")}


def laid(configured: RiskSettings, *changes: LimitOverride, now_ns: int = 100) -> RiskSettings:
    held = effective(configured, changes, desk=DESK, now_ns=now_ns)
    assert not held.problem
    return held.risk


def change(name: str, value: str, **more: Any) -> LimitOverride:
    return LimitOverride(name=name, value=value, by="ann", reason="news", **more)


@pytest.mark.parametrize(
    ("name", "configured", "value", "held"),
    [
        ("max_order_notional", D(1000), "500", D(500)),
        ("max_order_notional", D(1000), "5000", D(1000)),
        ("max_order_notional", None, "500", D(500)),
        ("max_order_notional", D(1000), "off", D(1000)),
        ("max_open_orders", 200, "3", 3),
        ("check_balance", False, "true", True),
        ("check_balance", True, "false", True),
        ("duplicate_window_seconds", 5.0, "30", 30.0),
        ("duplicate_window_seconds", 5.0, "1", 5.0),
        ("denied_instruments", ("ETH-*",), "BTC-*,ETH-*", ("ETH-*", "BTC-*")),
        ("denied_instruments", ("ETH-*",), "", ("ETH-*",)),
    ],
)
def test_the_stricter_of_change_and_configuration_counts(name: str, configured: Any, value: str, held: Any) -> None:
    rules: dict[str, Any] = {name: configured}
    assert getattr(laid(RiskSettings(**rules), change(name, value)), name) == held


def test_a_change_that_loosens_takes_the_place_of_the_configured_value_and_other_changes_still_count() -> None:
    configured = RiskSettings(max_order_notional=D(1000))
    loose = change("max_order_notional", "5000", loosens=True)
    assert laid(configured, loose).max_order_notional == D(5000)
    assert laid(configured, change("max_order_notional", "off", loosens=True)).max_order_notional is None
    assert laid(configured, loose, change("max_order_notional", "2000", desk=DESK)).max_order_notional == D(2000)
    assert laid(configured, loose, change("max_order_notional", "200", desk=DESK)).max_order_notional == D(200)


def test_a_limit_of_one_instrument_leaves_those_of_others() -> None:
    configured = RiskSettings(max_position_size={"BTC-USD": D(2), "X.Y-USD": D(7)})
    held = laid(configured, change("max_position_size.BTC-USD", "1"), change("max_position_size.ETH-USD", "5"))
    assert held.max_position_size == {"BTC-USD": D(1), "ETH-USD": D(5), "X.Y-USD": D(7)}
    off = laid(configured, change("max_position_size.X.Y-USD", "off", loosens=True))
    assert off.max_position_size == {"BTC-USD": D(2)}


def test_a_change_of_another_desk_or_one_that_has_ended_does_not_count_and_the_next_end_is_told() -> None:
    configured = RiskSettings(max_order_notional=D(1000))
    changes = [
        change("max_order_notional", "1", desk="coinbase:main"),
        change("max_order_notional", "2", until_ns=100),
        change("max_order_notional", "500", until_ns=300),
        change("max_open_orders", "5", until_ns=200),
    ]
    held = effective(configured, changes, desk=DESK, now_ns=100)
    assert (held.risk.max_order_notional, held.risk.max_open_orders, held.ends_ns) == (D(500), 5, 200)
    assert [c.value for c in held.active] == ["500", "5"]


@pytest.mark.parametrize(
    "strange",
    [
        change("max_order_notional", "500", format=2),
        change("max_order_notional", "500", format=0),
        change("max_moon_phase", "500"),
        change("max_order_notional", "a lot"),
        change("max_order_notional", "-1"),
        change("max_order_notional", "NaN"),
        change("max_position_size", "1"),
    ],
)
def test_a_change_that_cannot_be_understood_is_a_problem_unless_it_is_for_another_desk(strange: LimitOverride) -> None:
    held = effective(RiskSettings(), [strange], desk=DESK, now_ns=0)
    assert strange.name in held.problem or "max_moon_phase" in held.problem
    assert not effective(RiskSettings(), [attrs.evolve(strange, desk="other:desk")], desk=DESK, now_ns=0).problem


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("max_ordr_notional", "Did you mean max_order_notional?"),
        ("allowed_instruments", "set denied_instruments"),
        ("round_orders", "cannot be changed while desks run"),
        ("max_position_size", "max_position_size.INSTRUMENT"),
        ("max_order_notional.BTC-USD", "Write max_order_notional."),
        ("approval.require_above", "unknown key"),
        ("", "unknown key"),
    ],
)
def test_a_name_that_cannot_be_changed_is_refused_with_what_can(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        limit_named(name)
    assert said in str(raised.value)


def test_every_limit_says_which_way_is_stricter() -> None:
    silent = set(attrs.fields_dict(RiskSettings)) - set(CHANGEABLE)
    assert silent == {"allowed_instruments", "round_orders"}, (
        f"{silent}: give a new limit of RiskSettings tighter=LOWER, HIGHER or MORE, so that operators can tighten it "
        "while desks run; if it must not be changed then, name it here."
    )


VALUES: dict[type, Any] = {
    int: st.integers(0, 9).map(str),
    bool: st.sampled_from(["true", "false"]),
    float: st.integers(0, 9).map(str),
    Decimal: st.sampled_from(["0", "0.1", "0.5", "1"]),
    tuple: st.sampled_from(["", "A-*", "A-*,B-*"]),
}


def _values(name: str) -> Any:
    kind = type(getattr(RiskSettings(), name))
    field = CHANGEABLE[name]
    if "Decimal" in str(field.type):
        return VALUES[Decimal]
    return VALUES[int if "int" in str(field.type) else kind]


@given(st.data())
def test_without_loosening_no_change_ever_lets_more_pass_than_the_configuration(data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(sorted(CHANGEABLE)))
    name = f"{word}.BTC-USD" if word == "max_position_size" else word
    limit = limit_named(name)
    own = limit.read(data.draw(_values(word)), "test")
    configured = limit.put(RiskSettings(), own)
    asked = data.draw(st.lists(_values(word), min_size=1, max_size=3))
    desks = st.sampled_from(["", DESK])
    held = limit.of(laid(configured, *(change(name, v, desk=data.draw(desks)) for v in asked)))
    assert limit.stricter(held, own) == held or set(own) <= set(held)
    for value in asked:
        read = limit.read(value, "test")
        assert limit.stricter(held, read) == held or set(read) <= set(held)
