"""Every parameter is explained, with its source."""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.desk.risk.explain import explain
from venuekit.settings.schema import ApprovalSettings, BreakerSettings, DeskConfig, HoursWindow, RiskSettings

D = Decimal


def test_every_parameter_is_there_with_value_source_check_and_count() -> None:
    config = DeskConfig(risk=RiskSettings(max_order_notional=D("1E+3")), hours=(HoursWindow(),))
    rows = {r.name: r for r in explain(config, sources={"risk.max_order_notional": "file"}, refused={"balance": 4})}
    for table, kind in (
        ("risk", RiskSettings),
        ("approval", ApprovalSettings),
        ("breakers", BreakerSettings),
        ("hours[0]", HoursWindow),
    ):
        assert {f"{table}.{f.name}" for f in attrs.fields(kind)} <= set(rows)
    row = rows["risk.max_order_notional"]
    assert (row.value, row.source, row.enforced_by) == ("1000", "file", "max_order_notional")
    assert rows["risk.check_balance"].refused_count == 4
    assert rows["risk.price_collar"].source == "default"
    assert rows["risk.max_daily_loss"].value == "off"
