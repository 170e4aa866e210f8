"""Answered calls that a killed process had not yet put into the journal are put there by the next one, once."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pocket import PocketFactory

from venuekit import registry
from venuekit.desk.calls import ServedCall
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit.runtime.session import open_desk
from venuekit.settings.schema import DeskConfig, DeskSettings, StoreSettings
from venuekit_mcp.call_log import CallLog
from venuekit_mcp.call_spool import CallSpool

pytestmark = pytest.mark.anyio
CALLER = Caller(agent_id="agent", role=Role.TRADER, source="mcp-stdio")


def config(folder: Path, synchronous: str = "NORMAL") -> DeskConfig:
    return DeskConfig(
        desk=DeskSettings(venue="pocket", data_dir=str(folder)), store=StoreSettings(synchronous=synchronous)
    )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Any]:
    registry.register(PocketFactory())
    try:
        async with open_desk(config(tmp_path), environ={}) as opened:
            yield opened
    finally:
        registry.unregister("pocket")


def call(number: int, **arguments: object) -> ServedCall:
    return ServedCall(
        tool=f"tool_{number}",
        arguments=arguments,
        outcome="ok",
        caller=CALLER,
        time_ns=1_700_000_000_000_000_000 + number,
    )


def subjects(desk: Any) -> list[str]:
    return [row.subject for row in reversed(desk.store.rows(RowQuery(kinds=(EntryKind.CALL,))))]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("calls-*"))


def killed(spool: CallSpool) -> None:
    """What a kill leaves: the file as it is, and its lock gone."""
    assert spool._fd is not None
    os.close(spool._fd)


async def test_what_a_killed_server_left_is_in_the_journal_once(desk: Any, tmp_path: Path) -> None:
    spool = CallSpool(desk)
    for number in range(3):
        spool.add(call(number, text="x"))
    await desk.record_calls([call(0), call(1)])  # killed between its journal and its file
    (left,) = files(tmp_path)
    with left.open("ab") as file:
        file.write(b'{"tool": "tor')  # ... in the middle of a line
    killed(spool)
    await CallSpool(desk).recover()
    assert subjects(desk) == ["tool_0", "tool_1", "tool_2"]
    assert files(tmp_path) == []
    await CallSpool(desk).recover()
    assert subjects(desk) == ["tool_0", "tool_1", "tool_2"]
    assert desk.store.verify().ok


async def test_a_server_that_lives_is_left_alone(desk: Any, tmp_path: Path) -> None:
    alive = CallSpool(desk)
    alive.add(call(1))
    await CallSpool(desk).recover()
    assert subjects(desk) == []
    assert len(files(tmp_path)) == 1
    alive.close()
    assert files(tmp_path) == []


async def test_the_file_holds_no_secrets_and_only_its_owner_reads_it(desk: Any, tmp_path: Path) -> None:
    spool = CallSpool(desk)
    spool.add(call(1, api_key="abcd1234efgh5678", text="token=abcd1234efgh"))
    (path,) = files(tmp_path)
    assert "abcd1234" not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0
    spool.close()


async def test_a_call_is_in_the_file_before_its_answer_and_gone_when_the_journal_has_it(
    desk: Any, tmp_path: Path
) -> None:
    log = CallLog(desk)
    await log.keep("get_positions", {}, "ok", CALLER, at_once=False)
    (path,) = files(tmp_path)
    assert "get_positions" in path.read_text(encoding="utf-8")
    await log.settle()
    assert path.read_text(encoding="utf-8") == ""
    assert subjects(desk) == ["get_positions"]
    await log.close()
    assert files(tmp_path) == []


async def test_a_journal_that_survives_a_loss_of_power_has_each_call_before_its_answer(tmp_path: Path) -> None:
    registry.register(PocketFactory())
    try:
        async with open_desk(config(tmp_path, "FULL"), environ={}) as desk:
            log = CallLog(desk)
            await log.keep("get_positions", {}, "ok", CALLER, at_once=False)
            assert subjects(desk) == ["get_positions"]
            assert files(tmp_path) == []
            await log.close()
    finally:
        registry.unregister("pocket")
