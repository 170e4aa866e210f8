"""Pages of the protocol's own lists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

import mcp_types as mt
from mcp.shared.exceptions import MCPError

_Item = TypeVar("_Item")
PAGE = 100


def page_of(items: Sequence[_Item], params: mt.PaginatedRequestParams | None) -> tuple[list[_Item], str | None]:
    """The page that the request asks for, and the cursor of the next one.

    Raises:
        MCPError: invalid params, a cursor that was not issued for this list.
    """
    start = 0
    cursor = params.cursor if params else None
    if cursor is not None:
        try:
            start = int(base64.urlsafe_b64decode(cursor.encode()).decode("ascii").removeprefix("at:"))
        except (ValueError, binascii.Error, UnicodeError):
            start = -1
        if not 0 < start <= len(items):
            raise MCPError(mt.INVALID_PARAMS, "INVALID_CURSOR: this cursor was not issued for this list.")
    end = start + PAGE
    following = base64.urlsafe_b64encode(f"at:{end}".encode()).decode() if end < len(items) else None
    return list(items[start:end]), following
