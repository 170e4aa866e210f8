"""Polymarket keeps the whole contract over real sockets, against its double; so does a shadow account there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from venuekit.testing import Score, run_contract

#: A run of its own is some fifteen seconds, on a machine that does nothing else.
pytestmark = pytest.mark.timeout(300)
PROFILE = "--venue-profile=venuekit_doubles.polymarket.contract"
NO_AMENDING = "amend is declared unsupported: the venue has no such request: cancel, and place another"
NO_REDUCING = (
    "reduce_only is declared unsupported: the venue has no such orders; shares that are not held cannot be sold"
)
ONLY_PLAIN = "is declared unsupported: the venue has limit and market orders only"
#: What cannot be checked at Polymarket, and why: nothing else may be left out.
SKIPPED = {
    **dict.fromkeys(("AMD-01", "AMD-02", "AMD-04", "AMD-05", "AMD-06", "AMD-07"), NO_AMENDING),
    "AMD-03": f"STOP_LIMIT {ONLY_PLAIN}",
    "CAP-03": "all are declared usable: there is nothing to refuse",
    "CAP-10": "every granularity is declared usable: there is nothing to refuse",
    "CXL-08": f"STOP_LIMIT {ONLY_PLAIN}",
    "ERR-04": "the instrument has no maximum size",
    "ERR-12": "no size that is otherwise valid is below the minimum notional",
    "ORD-09": "DAY is declared unsupported: the venue has no day orders; GTD does the same",
    "ORD-10": f"STOP {ONLY_PLAIN}",
    "ORD-11": f"STOP_LIMIT {ONLY_PLAIN}",
    "ORD-12": f"BRACKET {ONLY_PLAIN}",
    "ORD-13": f"STOP {ONLY_PLAIN}",
    "ORD-14": f"STOP_LIMIT {ONLY_PLAIN}",
    "ORD-15": f"BRACKET {ONLY_PLAIN}",
    "ORD-16": NO_REDUCING,
    "ORD-22": NO_REDUCING,
    "REC-07": f"STOP_LIMIT {ONLY_PLAIN}",
    "STR-06": "candles is declared unsupported: the venue streams none; ask for candles",
}


def checked(*arguments: str) -> Score:
    where = "/dev/shm" if Path("/dev/shm").is_dir() else None  # nobody needs its many databases after a crash
    with tempfile.TemporaryDirectory(dir=where) as folder:
        return run_contract("polymarket", PROFILE, f"--basetemp={folder}/tmp", *arguments)


def test_polymarket_keeps_every_promise_that_can_be_checked() -> None:
    score = checked()
    assert score.failed == {}
    assert score.skipped == SKIPPED


def test_a_shadow_account_at_polymarket_keeps_the_same_promises() -> None:
    score = checked("--venue-shadow")
    assert score.failed == {}
    of_its_own = {
        "ERR-14": "the venue cannot be told to say 429 (contract_profile.too_many)",
        "PAG-05": "the account has fewer than two transfers",
    }
    assert score.skipped == {**SKIPPED, **of_its_own}
