"""The fixtures of the conformance suite that talk back: progress, logging, questions, several rounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import mcp_types as types
from fixture_content import WORD, answer
from mcp.shared.exceptions import MCPError

from venuekit_mcp import Call, Surface, Tool

Asked = types.InputRequiredResult
YES_NO = {"type": "boolean"}


def tool(name: str, handler: Any, **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties}
    return Tool(name=name, description=name, handler=handler, arguments=schema, counted=False)


# ---- while the call runs


async def _logging(call: Call) -> types.CallToolResult:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(call, words)
    return answer("done")


async def _log(call: Call, words: str) -> None:
    session = call.context.session
    await session.send_log_message(level="info", data=words, related_request_id=call.context.request_id)


async def _log_once(call: Call) -> types.CallToolResult:
    await _log(call, "x")
    return answer("logged")


async def _progress(call: Call) -> types.CallToolResult:
    for step in (0, 50, 100):
        await call.context.session.report_progress(step, 100, f"Completed step {step} of 100")
    return answer("done")


async def _sampling(call: Call) -> types.CallToolResult:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=call.arguments["prompt"]))
    reply = await call.context.session.create_message(
        messages=[message], max_tokens=100, related_request_id=call.context.request_id
    )
    return answer(f"LLM response: {reply.content.text}")


async def _form(call: Call, message: str, properties: dict[str, Any], required: tuple[str, ...] = ()) -> str:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    reply = await call.context.session.elicit_form(message, schema, related_request_id=call.context.request_id)
    return f"action={reply.action}, content={json.dumps(reply.content or {})}"


async def _elicitation(call: Call) -> types.CallToolResult:
    field = {"response": {"type": "string", "description": "User's response"}}
    return answer(f"User response: {await _form(call, call.arguments['message'], field, ('response',))}")


DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
ENUMS = {
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {
        "type": "string",
        "oneOf": [{"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"}],
    },
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["One", "Two"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
    "titledMulti": {
        "type": "array",
        "items": {"anyOf": [{"const": "value1", "title": "A"}, {"const": "value2", "title": "B"}]},
    },
}


async def _defaults(call: Call) -> types.CallToolResult:
    return answer(f"Elicitation completed: {await _form(call, 'Fill it in', DEFAULTS)}")


async def _enums(call: Call) -> types.CallToolResult:
    return answer(f"Elicitation completed: {await _form(call, 'Choose', ENUMS)}")


async def _needs_sampling(call: Call) -> types.CallToolResult:
    client = call.context.session.client_capabilities
    if client is None or client.sampling is None:
        missing = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "needs sampling", missing)
    return answer("fine")


async def _tools_changed(call: Call) -> types.CallToolResult:
    await call.publisher.tools_changed()
    return answer("told")


async def _prompts_changed(call: Call) -> types.CallToolResult:
    await call.publisher.prompts_changed()
    return answer("told")


# ---- in rounds: the result asks, the client calls again with answers


def question(message: str, **properties: Any) -> types.ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(words: str, tokens: int) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=words))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=tokens))


def one_round(name: str, key: str, ask: Callable[[], Any], finish: Callable[[Any], str]) -> Tool:
    async def handler(call: Call) -> types.CallToolResult | Asked:
        answers = call.params.input_responses or {}
        return answer(finish(answers[key])) if key in answers else Asked(input_requests={key: ask()})

    return tool(f"test_input_required_result_{name}", handler)


async def _request_state(call: Call) -> types.CallToolResult | Asked:
    if "confirm" in (call.params.input_responses or {}) and call.params.request_state == "nonce":
        return answer("state-ok")
    return Asked(input_requests={"confirm": question("Please confirm", ok=YES_NO)}, request_state="nonce")


async def _several(call: Call) -> types.CallToolResult | Asked:
    if {"user_name", "greeting", "client_roots"} <= (call.params.input_responses or {}).keys():
        return answer("All inputs received.")
    requests = {
        "user_name": question("name?", name=WORD),
        "greeting": sample("Generate a greeting", 50),
        "client_roots": types.ListRootsRequest(),
    }
    return Asked(input_requests=requests, request_state="m")


async def _multi_round(call: Call) -> types.CallToolResult | Asked:
    state = json.loads(call.params.request_state) if call.params.request_state else {"round": 0}
    answers = call.params.input_responses or {}
    if state["round"] == 1 and "step1" in answers:
        after = json.dumps({"round": 2, "name": answers["step1"].content})
        return Asked(input_requests={"step2": question("Step 2: color?", color=WORD)}, request_state=after)
    if state["round"] == 2 and "step2" in answers:
        return answer(f"done {json.dumps([state['name'], answers['step2'].content])}")
    return Asked(input_requests={"step1": question("Step 1: name?", name=WORD)}, request_state=json.dumps({"round": 1}))


async def _tampered(call: Call) -> types.CallToolResult | Asked:
    if call.params.request_state:
        return answer("state-ok")
    return Asked(input_requests={"confirm": question("Please confirm", ok=YES_NO)}, request_state="r1")


async def _capabilities(call: Call) -> Asked:
    client = call.context.session.client_capabilities
    requests: dict[str, Any] = {}
    if client is None or client.sampling is not None:
        requests["sample"] = sample("hi", 50)
    if client is None or client.elicitation is not None:
        requests["ask"] = question("name?", name=WORD)
    return Asked(input_requests=requests, request_state="cap")


async def _streaming(call: Call) -> types.CallToolResult | Asked:
    if "user_name" in (call.params.input_responses or {}):
        return answer("done")
    await call.context.session.report_progress(1, 2, "before")
    return Asked(input_requests={"user_name": question("name?", name=WORD)})


ROUNDS = Surface(
    tools=(
        tool("test_tool_with_logging", _logging),
        tool("test_logging_tool", _log_once),
        tool("test_tool_with_progress", _progress),
        tool("test_sampling", _sampling, prompt=WORD),
        tool("test_elicitation", _elicitation, message=WORD),
        tool("test_elicitation_sep1034_defaults", _defaults),
        tool("test_elicitation_sep1330_enums", _enums),
        tool("test_missing_capability", _needs_sampling),
        tool("test_trigger_tool_change", _tools_changed),
        tool("test_trigger_prompt_change", _prompts_changed),
        one_round(
            "elicitation",
            "user_name",
            lambda: question("What is your name?", name=WORD),
            lambda reply: f"Hello, {(reply.content or {}).get('name', '?')}!",
        ),
        one_round(
            "sampling",
            "capital_question",
            lambda: sample("What is the capital of France?", 100),
            lambda reply: f"Model said: {reply.content.text}",
        ),
        one_round("list_roots", "client_roots", types.ListRootsRequest, lambda reply: f"{len(reply.roots)} roots"),
        tool("test_input_required_result_request_state", _request_state),
        tool("test_input_required_result_multiple_inputs", _several),
        tool("test_input_required_result_multi_round", _multi_round),
        tool("test_input_required_result_tampered_state", _tampered),
        tool("test_input_required_result_capabilities", _capabilities),
        tool("test_streaming_elicitation", _streaming),
    ),
    lists_change=True,
    logging=True,
)
