"""The wire's ids: UUIDs that are the same in every run, and for orders hold the exchange's number."""

from __future__ import annotations

import uuid

#: The first account.
MAIN = "double"
_SPACE = uuid.UUID("7d0f4f2e-6c1d-4d44-9a51-6b8a4f1f0c5e")


def named(*words: str) -> str:
    """The id of what these words name."""
    return str(uuid.uuid5(_SPACE, " ".join(words)))


def wallet_id(account: str, asset: str) -> str:
    """The id of an account's wallet."""
    return named("wallet", account, asset)


def portfolio_id(account: str) -> str:
    """The id of an account's one portfolio."""
    return named("portfolio", account)


def order_id(venue_order_id: str | None) -> str:
    """An order's id as the wire has it: a UUID that holds the exchange's number."""
    return str(uuid.UUID(int=int(venue_order_id or 0) << 64 | 0x4000 << 48 | 0x8 << 60))


def exchange_id(wire: str) -> str | None:
    """The exchange's number in an order's id; None when it is none of ours."""
    try:
        number = uuid.UUID(wire).int >> 64
    except (ValueError, AttributeError):
        return None
    return str(number) if order_id(str(number)) == wire else None
