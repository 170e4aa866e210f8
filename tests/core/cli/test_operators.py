"""With operators configured a decision takes a token of theirs, and two people are two tokens."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit import LimitOrder, OrderStatus, Side
from venuekit.cli.exits import OK, REFUSED, USAGE
from venuekit.protocols.journal import ApprovalState
from venuekit.settings.credentials import VARIABLE, digest

pytestmark = pytest.mark.anyio
TOKENS = {name: f"the token of {name}, and of nobody else" for name in ("ann", "bob", "bot")}


@pytest.fixture
def staffed(recorded: Any) -> Path:
    """The recorded desk with two operators and an agent that has a token too."""
    file: Path = recorded.config
    tables = [f'[operators.{name}]\ntoken_sha256 = "{digest(TOKENS[name])}"\n' for name in ("ann", "bob")]
    tables.append(f'[agents.bot]\ntoken_sha256 = "{digest(TOKENS["bot"])}"\n')
    text = file.read_text(encoding="utf-8").replace(
        'require_above = "3000"', 'require_above = "3000"\ntwo_people_above = "3500"'
    )
    file.write_text(text + "\n" + "\n".join(tables), encoding="utf-8")
    return file


@pytest.fixture
def token_file(tmp_path: Path) -> Callable[[str], str]:
    def written(name: str) -> str:
        file = tmp_path / f"{name}.token"
        file.write_text(f"{TOKENS[name]}\n", encoding="utf-8")
        file.chmod(0o600)
        return str(file)

    return written


def state(venuekit: Any, config: Path, approval: str) -> str:
    return str(venuekit("approvals", "show", approval, "--json", config=config).json["approval"]["state"])


async def two_needed(desk: Any) -> str:
    best = (await desk.venue.order_book("BTC-USD", depth=1)).best_bid
    order = await desk.submit(
        LimitOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.06"), price=best.price - 50, reason="large")
    )
    assert order.status is OrderStatus.PENDING_APPROVAL
    return str(order.approval_id)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_without_a_token_nobody_decides_and_by_proves_nothing(
    venuekit: Any, recorded: Any, staffed: Path, verb: str
) -> None:
    ran = venuekit("approvals", verb, recorded.approval, "--by", "ann", config=staffed)
    assert ran.code == USAGE
    assert "--token-file" in ran.err
    assert "redacted" not in ran.err, "our own words must not look like a secret"
    assert state(venuekit, staffed, recorded.approval) == "PENDING"


@pytest.mark.parametrize(
    "words",
    [
        ("resume",),
        ("risk", "set", "max_order_notional", "90000", "--loosen", "--reason", "greed"),
        ("risk", "unset", "max_order_notional"),
    ],
)
def test_what_lets_more_go_takes_a_token_and_a_halt_does_not(
    venuekit: Any, staffed: Path, token_file: Callable[[str], str], words: tuple[str, ...]
) -> None:
    assert venuekit("halt", "--reason", "news", config=staffed).code == OK
    rows = len(venuekit("audit", "tail", "--json", config=staffed).json["rows"])
    assert venuekit(*words, "--by", "ann", config=staffed).code == USAGE
    assert venuekit(*words, "--token-file", token_file("bot"), config=staffed).code == REFUSED
    assert len(venuekit("audit", "tail", "--json", config=staffed).json["rows"]) == rows
    ran = venuekit(*words, "--token-file", token_file("ann"), "--json", config=staffed)
    assert "PERMISSION" not in ran.out + ran.err
    if words[-1] != "max_order_notional":
        assert ran.code == OK
        assert "ann" in str(venuekit("audit", "tail", "--json", config=staffed).json["rows"][-1]["body"])


def test_an_agents_token_is_named_as_one_and_refused(
    venuekit: Any, recorded: Any, staffed: Path, token_file: Callable[[str], str]
) -> None:
    ran = venuekit("approvals", "approve", recorded.approval, "--token-file", token_file("bot"), config=staffed)
    assert ran.code == REFUSED
    assert "agent bot's" in ran.err
    assert state(venuekit, staffed, recorded.approval) == "PENDING"


def test_a_token_says_who_decides_and_by_cannot_say_otherwise(
    venuekit: Any, recorded: Any, staffed: Path, token_file: Callable[[str], str]
) -> None:
    as_bob = venuekit(
        "approvals", "reject", recorded.approval, "--by", "bob", "--token-file", token_file("ann"), config=staffed
    )
    assert (as_bob.code, state(venuekit, staffed, recorded.approval)) == (USAGE, "PENDING")
    ran = venuekit(
        "approvals", "reject", recorded.approval, "--token-file", token_file("ann"), "--json", config=staffed
    )
    assert ran.code == OK
    assert ran.json["approval"]["decided_by"] == "ann (cli)"
    assert ran.json["approval"]["decisions"][0]["proof"] == "token"


def test_the_environment_may_hold_the_token_and_a_terminal_asks_for_it(
    venuekit: Any, recorded: Any, staffed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: "a guess")
    assert venuekit("approvals", "reject", recorded.approval, config=staffed).code == REFUSED
    monkeypatch.setenv(VARIABLE, TOKENS["bob"])
    ran = venuekit("approvals", "reject", recorded.approval, "--json", config=staffed)
    assert ran.json["approval"]["decided_by"] == "bob (cli)"


def test_a_token_file_that_others_can_read_is_not_used(
    venuekit: Any, recorded: Any, staffed: Path, token_file: Callable[[str], str]
) -> None:
    file = token_file("ann")
    Path(file).chmod(0o644)
    ran = venuekit("approvals", "reject", recorded.approval, "--token-file", file, config=staffed)
    assert ran.code == USAGE
    assert f"chmod 600 {file}" in ran.err


async def test_two_people_approve_from_two_terminals_and_the_desk_sends_it_once(
    beside: Any, staffed: Path, token_file: Callable[[str], str], desk_of: Callable[..., Any]
) -> None:
    async def approve(approval: str, name: str) -> Any:
        return await beside("approvals", "approve", approval, "--token-file", token_file(name), config=staffed)

    async with desk_of(staffed) as desk:
        approval = await two_needed(desk)
        first = await approve(approval, "ann")
        assert first.code == OK
        assert "1 of 2, by ann (cli): somebody else has to approve it too" in first.out
        again = await approve(approval, "ann")
        assert again.code == REFUSED
        assert "has approved it already" in again.err
        listed = await beside("approvals", "list", config=staffed)
        assert "PENDING, 1 of 2, by ann (cli)" in listed.out
        second = await approve(approval, "bob")
        assert second.code == OK
        assert "is OPEN" in second.out
        assert (await desk.approval(approval)).state is ApprovalState.USED
        shown = await beside("approvals", "show", approval, config=staffed)
        told = [line for line in shown.out.splitlines() if " approval " in line or " intent " in line]
        for line, words in zip(
            told,
            (
                "takes 2 people",
                "approved by ann (cli), 1 of 2",
                "approved by bob (cli), 2 of 2",
                "used for",
                "SUBMITTING",
            ),
            strict=True,
        ):
            assert words in line
    assert not any(t in shown.out + second.out for t in TOKENS.values())


async def test_a_moved_price_is_told_with_the_question_that_asks_anew(
    beside: Any, empty: Path, desk_of: Callable[..., Any]
) -> None:
    text = empty.read_text(encoding="utf-8")
    empty.write_text(text.replace('require_above = "3000"', 'require_above = "3000"\nprice_tolerance = "0"'))
    async with desk_of(empty) as desk:
        approval = await two_needed(desk)
        before = (await desk.venue.tickers(["BTC-USD"]))[0].ask
        while (await desk.venue.tickers(["BTC-USD"]))[0].ask == before:
            await desk.call_extra("advance_market", {"seconds": 5})
        ran = await beside("approvals", "approve", approval, "--json", config=empty)
        old = await desk.approval(approval)
        assert (ran.code, old.state) == (REFUSED, ApprovalState.VOID)
        assert ran.json["approval"]["replaced_by"] == old.replaced_by
        assert ran.json["order"]["approval_id"] == old.replaced_by
        again = await beside("approvals", "approve", approval, config=empty)
        assert old.replaced_by in again.err
        shown = await beside("approvals", "show", old.replaced_by, config=empty)
        assert f"{old.replaced_by} asks anew" in shown.out
        assert f"asked anew, after {approval}" in shown.out


def test_a_credential_is_a_token_and_the_lines_that_let_it_decide(
    venuekit: Any, recorded: Any, staffed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = venuekit("approvals", "credential", "carol")
    assert made.code == OK
    (token,) = made.lines
    lines = made.err[made.err.index("[operators.carol]") :]
    assert tomllib.loads(lines)["operators"]["carol"]["token_sha256"] == digest(token)
    staffed.write_text(staffed.read_text(encoding="utf-8") + lines, encoding="utf-8")
    monkeypatch.setenv(VARIABLE, token)
    ran = venuekit("approvals", "reject", recorded.approval, "--json", config=staffed)
    assert ran.json["approval"]["decided_by"] == "carol (cli)"
    assert len(token) >= 43
