"""What ``venuekit doctor coinbase`` looks at: the connection, the clock, the key and its portfolio; it only reads."""

from __future__ import annotations

from venuekit.adapter import (
    Finding,
    KeyPermission,
    State,
    VenueContext,
    VenuekitError,
    found_clock,
    found_failed,
)
from venuekit_coinbase.session import CoinbaseSession


async def examine(context: VenueContext) -> list[Finding]:
    """Findings of one session, in the order in which things go wrong; what depends on a failure is not looked at.

    Raises:
        ConfigError: the options cannot be right.
    """
    session = CoinbaseSession(context)
    await session.open()
    try:
        found = await _clock(session, context)
        if session.options.has_key:
            found += await _key(session)
        else:
            fix = "To see an account, set COINBASE_API_KEY and COINBASE_API_SECRET."
            found.append(Finding("key", State.OK, "no key: public data only", fix))
    except VenuekitError as error:
        found = [found_failed("connection", error)]
    finally:
        await session.close()
    return found


async def _clock(session: CoinbaseSession, context: VenueContext) -> list[Finding]:
    before = context.clock.now_ns()
    clock = found_clock(await session.server_time_ns(), before, context.clock.now_ns())
    return [Finding("connection", State.OK, f"{session.environment}, {session.options.host} answers"), clock]


async def _key(session: CoinbaseSession) -> list[Finding]:
    try:
        profile = await session.portfolio.profile()
        balances = await session.portfolio.balances()
    except VenuekitError as error:
        return [found_failed("key", error)]
    may = f"account {profile.account}, may {', '.join(p.value for p in profile.permissions)}"
    if KeyPermission.TRANSFER in profile.permissions:
        fix = "No order needs that: make a key that may only view and trade. A desk in live mode refuses this one."
        found = [Finding("key", State.WARNING, may, fix)]
    elif KeyPermission.TRADE not in profile.permissions:
        found = [Finding("key", State.OK, may, "It is enough for read_only; orders need the permission to trade.")]
    else:
        found = [Finding("key", State.OK, may)]
    if not balances:
        fix = "A key sees the one portfolio that it is bound to; deposit there, or make a key of another."
        return [*found, Finding("portfolio", State.WARNING, "nothing is in it", fix)]
    held = ", ".join(balance.asset for balance in balances[:10])
    return [*found, Finding("portfolio", State.OK, f"holds {held}{' and more' if len(balances) > 10 else ''}")]
