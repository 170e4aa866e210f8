"""The server on its standard streams: only the protocol goes over them, and it ends when the client does."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
}
#: A server whose every tool call also prints, as a careless library would.
NOISY = """
from venuekit_mcp.serving.calls import Calls
from venuekit_mcp_paper.__main__ import main
import os, subprocess

quiet = Calls.call
async def noisy(self, ctx, params):
    print("a library prints")
    os.write(1, b"straight to the descriptor\\n")
    subprocess.run(["echo", "from a child"])
    return await quiet(self, ctx, params)
Calls.call = noisy
main()
"""


class Wire:
    """A server process, and its protocol by hand."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "VENUEKIT__DESK__DATA_DIR": str(folder)},
        )
        self.number = 0

    def send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server ended"
        return dict(json.loads(line))

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": {**params, "_meta": META}}
        self.send(json.dumps(request, ensure_ascii=False).encode())
        answer = self.receive()
        assert answer["id"] == self.number
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(20)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):  # what was written for a server that is gone
                stream.close()

    def end(self) -> tuple[int, bytes, bytes]:
        """Hang up; the exit code and what was left on the streams."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    with Wire(tmp_path, "-m", "venuekit_mcp_paper", "--mode", "shadow") as made:
        yield made


NO_MESSAGES = [
    (b"not json", -32700, None),
    (b'{"jsonrpc": "2.0"', -32700, None),
    (b'{"jsonrpc": "2.0", "id": 5, "method": "x", "params": {"text": "\xff\xfe"}}', -32700, None),
    (b'{"jsonrpc": "2.0", "id": 6, "method": "x", "params": {"text": "\\ud800"}}', -32600, 6),
    (b'{"jsonrpc": "2.0", "id": "seven", "params": 7}', -32600, "seven"),
    (b"[" * 100_000 + b"]" * 100_000, -32700, None),
    (b"[]", -32600, None),
]


def test_what_is_no_message_is_answered_as_such_and_the_next_one_is_served(wire: Wire) -> None:
    wire.send(b"")
    assert len(wire.ask("tools/list")["result"]["tools"]) == 24
    for line, code, number in NO_MESSAGES:
        wire.send(line)
        answer = wire.receive()
        assert (answer["error"]["code"], answer.get("id")) == (code, number), line[:80]
        assert len(answer["error"]["message"]) < 300
        assert wire.ask("tools/list")["result"]["tools"]
    assert wire.ask("tools/delete")["error"]["code"] == -32601
    assert wire.ask("tools/call", name="approve_order", arguments={})["error"]["code"] == -32602
    assert wire.ask("tools/call", name="get_positions", arguments=[])["error"]["code"] == -32602
    code, _, err = wire.end()
    assert code == 0
    assert b"Traceback" not in err


def test_values_that_only_json_can_hold_are_refused_like_others(wire: Wire) -> None:
    odd = ("1" + "0" * 400, "1e999", "-0.0", '"' + "\\u0000" * 10 + '"', '"\\u202e1"', "[" * 60 + "]" * 60, '{"a": {}}')
    for raw in odd:
        wire.number += 1
        arguments = f'{{"instrument": "BTC-USD", "entry_price": "1", "size": {raw}}}'
        line = (
            f'{{"jsonrpc":"2.0","id":{wire.number},"method":"tools/call","params":{{"name":'
            f'"calculate_position_metrics","arguments":{arguments},"_meta":{json.dumps(META)}}}}}'
        )
        wire.send(line.encode())
        result = wire.receive()["result"]
        assert result["isError"], raw
        assert result["structuredContent"]["code"] == "INVALID_VALUE", raw
        assert result["structuredContent"]["field"] == "size", raw
    rows = wire.ask("tools/call", name="get_audit", arguments={"kind": "call"})["result"]["structuredContent"]["rows"]
    assert len(rows) == len(odd), "the journal holds what was sent, whatever it was"
    code, _, err = wire.end()
    assert code == 0
    assert b"Traceback" not in err


def flood(fd: int) -> None:
    while True:
        os.write(fd, b"x" * 1024 * 1024)


def test_a_message_without_end_ends_the_connection_in_words(wire: Wire) -> None:
    stdin = wire.process.stdin
    assert stdin is not None
    with pytest.raises(BrokenPipeError):
        flood(stdin.fileno())
    assert wire.process.wait(20) == 0
    assert wire.process.stderr is not None
    assert b"more than" in wire.process.stderr.read()


def test_what_others_print_misses_the_wire(tmp_path: Path) -> None:
    with Wire(tmp_path, "-c", NOISY) as wire:
        answer = wire.ask("tools/call", name="get_positions", arguments={})
        assert answer["result"]["isError"] is False
        code, out, err = wire.end()
    assert (code, out) == (0, b"")
    for said in (b"a library prints", b"straight to the descriptor", b"from a child"):
        assert said in err


def test_a_signal_ends_it_cleanly(wire: Wire) -> None:
    wire.ask("tools/list")
    wire.process.send_signal(signal.SIGTERM)
    assert wire.process.wait(20) == 0
    assert wire.process.stderr is not None
    assert b"Traceback" not in wire.process.stderr.read()


def test_every_answered_call_is_in_the_audit_although_the_server_was_killed(wire: Wire, tmp_path: Path) -> None:
    for _ in range(5):
        assert wire.ask("tools/call", name="get_positions", arguments={})["result"]["isError"] is False
    wire.process.kill()
    wire.process.wait(20)
    with Wire(tmp_path, "-m", "venuekit_mcp_paper") as again:
        asked = {"kind": "call", "verify": True}
        audit = again.ask("tools/call", name="get_audit", arguments=asked)["result"]["structuredContent"]
        assert [row["subject"] for row in audit["rows"]] == ["get_positions"] * 5
        assert audit["verified"] is True
        assert again.end()[0] == 0
    assert list(tmp_path.rglob("calls-*")) == []
