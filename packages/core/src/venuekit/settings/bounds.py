"""The range that a setting's value must be in: no limit is negative, no share above one, no pace zero."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import attrs

SHARE = "share"
POSITIVE = "positive"


def accepted(field: attrs.Attribute[Any], value: Any) -> str | None:
    """What would be accepted instead of `value`; None when it is in range."""
    values = value.values() if isinstance(value, Mapping) else (value,)
    numbers = [v for v in values if isinstance(v, Decimal | int | float) and not isinstance(v, bool)]
    if not all(isfinite(n) for n in numbers):
        return "a finite number"
    if field.metadata.get(POSITIVE) and any(n <= 0 for n in numbers):
        return "more than 0"
    if field.metadata.get(SHARE) and any(not 0 <= n <= 1 for n in numbers):
        return 'a share from 0 to 1, such as "0.05" for 5 %'
    return "0 or more" if any(n < 0 for n in numbers) else None
