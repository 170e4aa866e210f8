"""What a venue's answer says of when to come again."""

from __future__ import annotations

import pytest

from venuekit.adapter import retry_after_seconds
from venuekit.model.times import parse_iso

NOW = parse_iso("2026-11-21T12:00:00Z", field="now")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 2.5 ", 2.5),
        ("0", 0.0),
        ("Sat, 21 Nov 2026 12:00:07 GMT", 7.0),
        ("Saturday, 21-Nov-26 12:01:00 GMT", 60.0),
        ("Sat Nov 21 12:00:09 2026", 1.0),  # no zone
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 13:00:10 +0100", 10.0),
        (None, 1.0),
        ("", 1.0),
        ("soon", 1.0),
        ("-5", 1.0),
        ("inf", 1.0),
        ("nan", 1.0),
        ("1e9", 1.0),
        ("9" * 40, 1.0),
        ("Sat, 99 Nov 2026 12:00:07 GMT", 1.0),
    ],
)
def test_a_number_or_a_date_is_seconds_from_now(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header, now_ns=NOW) == pytest.approx(seconds, abs=1e-6)
