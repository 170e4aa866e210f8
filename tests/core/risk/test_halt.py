"""What holds for a desk is the strictest of what was said of all, of its venue and of it; and every word is counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.desk.risk.halt import halted, reaches, reducing, resumed, standing
from venuekit.errors import JournalUnavailable
from venuekit.journal.control_record import read_control
from venuekit.model.codec import to_plain
from venuekit.protocols.journal import Control
from venuekit.protocols.risk import TradingState

DESKS = ("paper:a", "paper:b", "other:a")
SCOPES = ("", "paper", *DESKS)
WORDS = st.lists(
    st.tuples(st.sampled_from(["halt", "cancel", "reduce", "resume"]), st.sampled_from(SCOPES)), max_size=8
)


def said(control: Control, word: str, scope: str) -> Control:
    if word == "resume":
        return resumed(control, scope=scope, by="ann", now_ns=1)
    if word == "reduce":
        return reducing(control, scope=scope, by="ann", reason=scope, now_ns=1)
    return halted(control, scope=scope, by="ann", reason=scope, cancel_all=word == "cancel", now_ns=1)


@given(WORDS)
def test_each_desk_obeys_the_strictest_word_that_reaches_it_and_counts_each_one(words: list[tuple[str, str]]) -> None:
    control = Control()
    states = dict.fromkeys(SCOPES, TradingState.ACTIVE)
    for word, scope in words:
        before = {d: standing(control, d) for d in DESKS}
        control = said(control, word, scope)
        after = {"resume": TradingState.ACTIVE, "reduce": TradingState.REDUCING}.get(word, TradingState.HALTED)
        states[scope] = after
        if word == "resume" and not scope:
            states = dict.fromkeys(SCOPES, TradingState.ACTIVE)
        for desk in DESKS:
            holds = standing(control, desk)
            reached = [states[s] for s in SCOPES if reaches(s, desk)]
            assert holds.state is max(reached, key=lambda s: s.strictness)
            asked = holds.cancel_all_request - before[desk].cancel_all_request
            assert asked == (word == "cancel" and reaches(scope, desk))
            if word == "resume":
                assert (holds.resumes > before[desk].resumes) is reaches(scope, desk)
    assert read_control(to_plain(control)) == control


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "STOPPED"},
        {"state": None},
        {"since_ns": "now"},
        {"cancel_all_request": True},
        {"reason": 5},
        {"scopes": {"paper": {"state": "?"}}},
        {"scopes": {"paper": "HALTED"}},
        {"scopes": []},
        {"more": 1},
    ],
)
def test_a_control_record_that_cannot_be_one_is_not_taken_for_one(changes: dict[str, Any]) -> None:
    assert read_control(to_plain(Control())) == Control()
    with pytest.raises(JournalUnavailable):
        read_control({**to_plain(Control()), **changes})
    with pytest.raises(JournalUnavailable):
        read_control("HALTED")
