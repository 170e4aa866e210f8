"""Several real processes decide about the same approvals at once: each has one outcome, and the chain holds it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import attrs
import pytest

from venuekit.journal import open_store
from venuekit.journal.story import approval_in
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind, RowQuery, Store

pytestmark = pytest.mark.anyio
FINAL = {ApprovalState.USED, ApprovalState.REJECTED, ApprovalState.EXPIRED, ApprovalState.VOID}
COUNT = 24

# One person who approves or rejects by chance, or, as "desk", what a desk does: use what is approved, end what is late.
_DECIDER = """
import asyncio, random, sys
from venuekit.desk.decisions import decide, ended
from venuekit.errors import ApprovalRefused
from venuekit.journal import open_store
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import ApprovalState
from venuekit.watch.clock import SystemClock

async def person(store, name, approval, chance, clock):
    approve = chance.random() < 0.8
    try:
        who = Operator(name=name, source="cli")
        await decide(store, approval, who, proof="token", approve=approve, note="", clock=clock)
    except ApprovalRefused:
        return "refused"
    return "approve" if approve else "reject"

async def desk(store, approval, chance, clock):
    state = {ApprovalState.APPROVED: ApprovalState.USED, ApprovalState.PENDING: ApprovalState.EXPIRED}.get(approval.state)
    if state is None or (state is ApprovalState.EXPIRED and chance.random() < 0.9):
        return "none"
    return state.value if await store.move_approval(approval, ended(approval, state, "", clock.now_ns()), []) else "late"

async def main(url, name, seed, count):
    store, chance, clock = open_store(url), random.Random(seed), SystemClock()
    print("ready", flush=True)
    sys.stdin.readline()
    for round in range(3 if name.startswith("desk") else 1):
        for number in range(count):
            approval = store.approval(f"apr_{number}")
            if name.startswith("desk"):
                said = await desk(store, approval, chance, clock)
            else:
                said = await person(store, name, approval, chance, clock)
            print(name, number, said, flush=True)
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


def decider(url: str, name: str, seed: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _DECIDER, url, name, str(seed), str(COUNT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def question(number: int) -> Approval:
    return Approval(
        id=f"apr_{number}",
        desk="paper:default",
        agent_id="bot",
        order_id=f"o{number}",
        order={"type": "LIMIT", "size": "1"},
        order_hash="ff",
        summary="BUY 1",
        notional="100",
        reference_price="100",
        price_tolerance="0.01",
        state=ApprovalState.PENDING,
        created_ns=1,
        expires_ns=2**62,
        people=1 + number % 2,
    )


def lives(store: Store) -> dict[str, list[Approval]]:
    """What the journal says of each approval, in order."""
    found: dict[str, list[Approval]] = {}
    for row in store.rows(RowQuery(kinds=(EntryKind.APPROVAL,), newest_first=False, limit=10_000)):
        found.setdefault(row.subject, []).append(approval_in(row))
    return found


def one_outcome(life: Sequence[Approval]) -> None:
    """Every step follows the one before, and nothing follows an end."""
    for before, after in pairwise(life):
        assert before.state not in FINAL
        said = len(after.decisions) - len(before.decisions)
        assert after.decisions[: len(before.decisions)] == before.decisions, "no decision is lost"
        if after.state is ApprovalState.USED:
            assert (before.state, said) == (ApprovalState.APPROVED, 0)
            assert len({d.by for d in after.decisions if d.approve}) == after.people
        elif after.state in (ApprovalState.EXPIRED, ApprovalState.VOID):
            assert said == 0
        else:
            assert said == 1


async def test_deciding_at_once_from_several_processes_has_one_outcome_each(url: str) -> None:
    store = open_store(url)
    for number in range(COUNT):
        await store.add_approval(question(number), [])
    processes = [decider(url, name, seed) for seed, name in enumerate(("ann", "bob", "cy", "desk1", "desk2"))]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [tuple(line.split()) for p in processes for line in p.communicate(timeout=240)[0].splitlines() if line]
    assert [p.returncode for p in processes] == [0] * len(processes)
    told: Counter[Any] = Counter((number, what) for _, number, what in said)
    after = lives(store)
    for number in range(COUNT):
        life = after[f"apr_{number}"]
        one_outcome(life)
        assert store.approval(f"apr_{number}") == life[-1]
        assert told[str(number), "reject"] == (life[-1].state is ApprovalState.REJECTED)
        assert told[str(number), "USED"] == (life[-1].state is ApprovalState.USED)
        assert told[str(number), "EXPIRED"] == (life[-1].state is ApprovalState.EXPIRED)
        assert told[str(number), "approve"] == sum(d.approve for d in life[-1].decisions)
    ends = Counter(life[-1].state for life in after.values())
    assert len(ends) > 1, f"they did not race: {ends}"
    assert store.verify().ok
    await store.close()


async def test_what_an_older_version_stored_can_still_be_decided(store: Store) -> None:
    """A record without the newer fields is the same value once read, so it is still recognized."""
    waiting = question(0)
    await store.add_approval(waiting, [])
    kept = store.approval("apr_0")
    assert kept is not None
    assert await store.move_approval(kept, attrs.evolve(kept, state=ApprovalState.REJECTED), [])
