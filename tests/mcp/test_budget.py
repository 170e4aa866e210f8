"""What every client has to read stays small, portable and honest."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import mcp
from venuekit_mcp.desk_surface import ORDER
from venuekit_mcp.profiles import PROFILES

pytestmark = pytest.mark.anyio


async def _tools(client):
    return [t.model_dump(mode="json", by_alias=True, exclude_none=True) for t in (await client.list_tools()).tools]


def tokens(text):
    """More tokens than the tokenizers in use make of `text`: they know whole words, and `":{"` as one piece.

    A word counts one for every seven letters begun, digits one for three, punctuation one for three marks, and a
    run of spaces one (a single space belongs to its word).
    """
    count = 0
    for piece in re.findall(r"[A-Za-z]+|[0-9]{1,3}| +|[^A-Za-z0-9 ]+", text):
        if piece[0] == " ":
            count += len(piece) > 1
        elif piece[0].isdigit():
            count += 1
        else:
            count += math.ceil(len(piece) / (7 if piece[0].isalpha() else 3))
    return count


def test_the_estimate_of_tokens_is_not_a_flattering_one():
    assert tokens("The quick brown fox jumps over the lazy dog.") == 10  # as the tokenizers say
    assert tokens('{"type":"object","properties":{"order_id":{"type":"string"}}}') >= 17
    words = "instrument description additionalProperties"
    assert tokens(words) >= 7


async def test_the_list_of_tools_costs_at_most_6000_tokens(bench):
    async with bench() as b, b.client() as c:
        tools = await _tools(c)
        assert len(tools) <= 25
        assert tokens(json.dumps(tools, separators=(",", ":"))) <= 6000


def test_the_paper_servers_list_costs_at_most_6000_tokens():
    surface = json.loads((Path(__file__).parents[2] / "servers/paper/tools.json").read_text(encoding="utf-8"))
    tools = [t for t in surface["tools"] if t["name"] in ORDER]
    assert len(tools) == len(ORDER) == 24
    assert tokens(json.dumps(tools, separators=(",", ":"))) <= 6000


@pytest.mark.parametrize("profile", [None, *PROFILES])
async def test_schemas_are_valid_closed_and_portable(bench, profile):
    async with bench(toolsets=("core", "simulation"), profile=profile) as b, b.client() as c:
        for tool in await _tools(c):
            assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", tool["name"])
            for key in ("inputSchema", "outputSchema"):
                schema = tool[key]
                Draft202012Validator.check_schema(schema)
                assert schema["type"] == "object"
                assert json.dumps(schema).isascii()
                assert "\\\\d" not in json.dumps(schema)
            assert tool["inputSchema"]["additionalProperties"] is False
            assert tool["description"]


async def test_annotations_say_what_a_tool_does(bench):
    async with bench() as b, b.client() as c:
        by_name = {t["name"]: t["annotations"] for t in await _tools(c)}
        acting = {n for n, a in by_name.items() if not a["readOnlyHint"]}
        assert acting == {"place_order", "amend_order", "cancel_order", "cancel_all_orders", "close_position"}
        assert all(by_name[n]["destructiveHint"] for n in acting)
        assert by_name["cancel_order"]["idempotentHint"]
        assert not by_name["place_order"]["idempotentHint"]


async def test_capabilities_claim_only_what_is_served(bench, era):
    async with bench() as b, mcp.Client(b.server, mode=era) as c:
        able = c.server_capabilities
        assert able.tools.list_changed is False
        assert able.resources.subscribe is True
        assert able.resources.list_changed is False
        assert able.prompts.list_changed is False
        assert able.completions is not None
        assert (able.logging is None) == (era == "auto"), "the newest revision deprecates log messages"


async def test_no_tool_argument_or_resource_approves_or_raises_a_limit(bench):
    words = re.compile(r"approve|confirm|acknowledg|override|raise_limit|credential|api_key|set_")
    async with bench() as b, b.client() as c:
        for tool in await _tools(c):
            assert not words.search(tool["name"].replace("get_approval_status", ""))
            for argument in tool["inputSchema"]["properties"]:
                assert not words.search(argument), (tool["name"], argument)


async def test_errors_fit_the_output_schema_because_strict_clients_check_them_too(bench):
    async with bench() as b, b.client() as c:
        for tool in (await c.list_tools()).tools:
            schema = Draft202012Validator(tool.output_schema)
            refused = await c.call_tool(tool.name, {"surplus": 1})
            assert refused.is_error
            schema.validate(refused.structured_content)
            answer_keys = [part["required"] for part in tool.output_schema.get("anyOf", ())]
            if answer_keys:
                assert not schema.is_valid({"mode": "shadow"}), f"{tool.name}: neither an answer nor an error fits"
