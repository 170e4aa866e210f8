"""Coinbase keeps the whole contract over real sockets, against its double; so does a shadow account there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from venuekit.testing import Score, run_contract

#: A run of its own is some fifteen seconds, on a machine that does nothing else.
pytestmark = pytest.mark.timeout(300)
PROFILE = "--venue-profile=venuekit_doubles.coinbase.contract"
NOTHING = "are declared usable: there is nothing to refuse"
NO_DAY = "DAY is declared unsupported: the venue has no day orders; GTD does the same"
NO_STOP = "STOP is declared unsupported: the venue has stop-limit orders only"
NOT_TOLD = "reduce_only is declared unsupported: not documented by the venue"
#: What cannot be checked at Coinbase, and why: nothing else may be left out.
SKIPPED = {
    "CAP-03": f"all {NOTHING}",
    "CAP-07": f"all {NOTHING}",
    "CAP-09": f"all {NOTHING}",
    "CAP-10": "every granularity is declared usable: there is nothing to refuse",
    "ERR-11": "no instrument has a highest price",
    "ORD-09": NO_DAY,
    "ORD-10": NO_STOP,
    "ORD-13": NO_STOP,
    "ORD-16": NOT_TOLD,
    "ORD-22": NOT_TOLD,
}


def checked(*arguments: str) -> Score:
    where = "/dev/shm" if Path("/dev/shm").is_dir() else None  # nobody needs its many databases after a crash
    with tempfile.TemporaryDirectory(dir=where) as folder:
        return run_contract("coinbase", PROFILE, f"--basetemp={folder}/tmp", *arguments)


def test_coinbase_keeps_every_promise_that_can_be_checked() -> None:
    score = checked()
    assert score.failed == {}
    assert score.skipped == SKIPPED


def test_a_shadow_account_at_coinbase_keeps_the_same_promises() -> None:
    score = checked("--venue-shadow")
    assert score.failed == {}
    told = "the venue cannot be told to say 429 (contract_profile.too_many)"
    assert score.skipped == {**SKIPPED, "ERR-14": told}
