"""The operator's page lists every circuit breaker with what it leads to and how it ends."""

from __future__ import annotations

import re
from pathlib import Path

from venuekit.desk.risk.breaker_kinds import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "operator.md"


def test_the_table_of_breakers_is_what_the_code_does() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| .+? \| (HALTED|REDUCING) \| (by itself|by a person)", PAGE.read_text(), re.MULTILINE
    )
    assert rows == [(k.name, k.leads_to.value, "by itself" if k.recovers else "by a person") for k in KINDS]
