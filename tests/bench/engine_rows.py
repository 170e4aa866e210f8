"""The paper engine on one flow of messages: alone, beside other people's engines, and with its journal."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from flow import mixed_flow
from peers import PEERS, measure
from report import Row, best_seconds

from venuekit_paper import batch
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.history import NoHistory
from venuekit_paper.instruments import default_instruments
from venuekit_paper.persistence import CommandLog

D = Decimal
COUNT, GROUP = 200_000, 1_000
ACCOUNTS = ["buyer", "seller"]
INSTRUMENT = "BTC-USD"
#: Peers that only match, whose flow is the same; nautilus_trader's simulated exchange is driven order by order.
BARE = ("lightmatchingengine", "lobby", "order-matching")


def _messages() -> list[list[batch.Message]]:
    """The flow in groups. Buyers and sellers are two accounts, so nobody meets himself."""
    flow: list[batch.Message] = [
        (what, str(number), 0 if side > 0 else 1, side, price, lots)
        for what, number, side, price, lots in mixed_flow(COUNT)
    ]
    return [flow[start : start + GROUP] for start in range(0, COUNT, GROUP)]


def _exchange() -> Exchange:
    exchange = Exchange(default_instruments(), FeeSchedule(), history=NoHistory())
    for account in ACCOUNTS:
        exchange.open_account(account, {"USD": D(10) ** 8, "BTC": D(10) ** 5}, 1)
    return exchange


def _in_memory(groups: list[list[batch.Message]]) -> None:
    exchange = _exchange()
    for number, group in enumerate(groups, 2):
        batch.run(exchange, INSTRUMENT, ACCOUNTS, group, number)
    assert exchange.matcher.fill_number > COUNT // 10


def _journaled(groups: list[list[batch.Message]]) -> None:
    exchange = _exchange()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        log = CommandLog(path, fresh_history=NoHistory(path, synchronous="FULL"))
        for number, group in enumerate(groups, 2):
            refused = batch.run(exchange, INSTRUMENT, ACCOUNTS, group, number)
            log.add(["batch", number, INSTRUMENT, ACCOUNTS, group], f"{exchange.outcome};{refused}")
            log.commit()
        assert log.number == len(groups)
        log.close()


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """Messages a second, everything an account needs included."""
    groups = _messages()
    alone = COUNT / best_seconds(lambda: _in_memory(groups))
    journaled = COUNT / best_seconds(lambda: _journaled(groups), repeats=3)
    found = [
        Row(
            "paper engine, mixed flow: accounts, holds, fees, states, reports",
            f"{alone:,.0f}/s",
            "-",
            "-",
            "≥ 250,000/s",
            alone >= 250_000,
        ),
        Row(
            f"the same with the hash-chained journal, SQLite FULL, {GROUP:,} messages a commit",
            f"{journaled:,.0f}/s",
            f"in memory {alone:,.0f}/s",
            f"{journaled / alone:.2f}×",
            "≥ 150,000/s",
            journaled >= 150_000,
        ),
    ]
    return found + (_beside(folder, alone) if peers else [])


def _beside(folder: Path, alone: float) -> list[Row]:
    found = []
    for peer in PEERS:
        figures = measure(peer, folder / "peers")
        bare = peer.name in BARE
        what = f"paper engine beside {peer.name}" + (", which keeps no accounts" if bare else ", limit orders")
        budget = "≥ 1×" if bare else "≥ 40×"
        if isinstance(figures, str):
            found.append(Row(what, f"{alone:,.0f}/s", "-", "-", budget, None, f"not measured: {figures}"))
            continue
        theirs = figures["per_second" if bare else "limit_per_second"]
        ratio = alone / theirs
        met = ratio >= (1 if bare else 40)
        found.append(Row(what, f"{alone:,.0f}/s", f"{theirs:,.0f}/s", f"{ratio:.1f}×", budget, met))
    return found
