"""The fixtures of the conformance suite that only return something: content kinds, resources, prompts."""

from __future__ import annotations

import json
from typing import Any

import mcp_types as types

from venuekit_mcp import Call, Prompt, PromptArgument, Resource, Surface, Template, Tool

IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
AUDIO = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
PICTURE = types.ImageContent(data=IMAGE, mime_type="image/png")


def text(words: str) -> types.TextContent:
    return types.TextContent(text=words)


def embedded(uri: str, words: str, mime_type: str = "text/plain") -> types.EmbeddedResource:
    return types.EmbeddedResource(resource=types.TextResourceContents(uri=uri, mime_type=mime_type, text=words))


def answer(*content: Any, is_error: bool = False) -> types.CallToolResult:
    parts = [text(part) if isinstance(part, str) else part for part in content]
    return types.CallToolResult(content=parts, is_error=is_error)


def fixed(name: str, *content: Any, is_error: bool = False, schema: dict[str, Any] | None = None) -> Tool:
    """A tool that always answers the same."""

    async def handler(_: Call) -> types.CallToolResult:
        return answer(*content, is_error=is_error)

    return Tool(name=name, description=name, handler=handler, arguments=schema or {"type": "object"}, counted=False)


WORD = {"type": "string"}
SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": WORD, "city": WORD}}},
    "properties": {
        "name": WORD,
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": WORD,
        "email": WORD,
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

TOOLS = (
    fixed("test_simple_text", "This is a simple text response for testing."),
    fixed("test_image_content", PICTURE),
    fixed("test_audio_content", types.AudioContent(data=AUDIO, mime_type="audio/wav")),
    fixed("test_embedded_resource", embedded("test://embedded-resource", "This is an embedded resource content.")),
    fixed(
        "test_multiple_content_types",
        "Multiple content types test:",
        PICTURE,
        embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
    ),
    fixed("test_error_handling", "This tool intentionally returns an error for testing", is_error=True),
    fixed("json_schema_2020_12_tool", "fine", schema=SCHEMA_2020_12),
    fixed(
        "test_x_mcp_header",
        "fine",
        schema={"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}},
    ),
)


def _says(words: str) -> Any:
    async def handler(_: Call) -> str:
        return words

    return handler


async def _binary(call: Call) -> types.ReadResourceResult:
    blob = types.BlobResourceContents(uri="test://static-binary", mime_type="image/png", blob=IMAGE)
    return types.ReadResourceResult(contents=[blob])


async def _templated(call: Call) -> dict[str, Any]:
    name = call.arguments["id"]
    return {"id": name, "templateTest": True, "data": f"Data for ID: {name}"}


async def _ids(typed: str, _: Any) -> list[str]:
    return [name for name in ("123", "456") if name.startswith(typed)]


def _message(content: Any) -> types.PromptMessage:
    return types.PromptMessage(role="user", content=content)


async def _simple(_: Call) -> list[types.PromptMessage]:
    return [_message(text("This is a simple prompt for testing."))]


async def _with_arguments(call: Call) -> list[types.PromptMessage]:
    words = call.arguments
    return [_message(text(f"Prompt with arguments: arg1='{words['arg1']}', arg2='{words['arg2']}'"))]


async def _with_resource(call: Call) -> list[types.PromptMessage]:
    uri = call.arguments["resourceUri"]
    return [
        _message(embedded(uri, "Embedded resource content for testing.")),
        _message(text("Please process the embedded resource above.")),
    ]


async def _with_image(_: Call) -> list[types.PromptMessage]:
    return [_message(PICTURE), _message(text("Please analyze the image above."))]


async def _asking(call: Call) -> types.GetPromptResult | types.InputRequiredResult:
    answers = call.params.input_responses or {}
    if "user_context" not in answers:
        schema = {"type": "object", "properties": {"context": WORD}, "required": ["context"]}
        params = types.ElicitRequestFormParams(message="What context?", requested_schema=schema)
        return types.InputRequiredResult(input_requests={"user_context": types.ElicitRequest(params=params)})
    words = json.dumps(answers["user_context"].content)
    return types.GetPromptResult(messages=[_message(text(f"Use: {words}"))])


def _argument(name: str) -> PromptArgument:
    return PromptArgument(name=name, description=name, required=True)


CONTENT = Surface(
    tools=TOOLS,
    resources=(
        Resource(
            uri="test://static-text",
            name="text",
            mime_type="text/plain",
            handler=_says("This is the content of the static text resource."),
        ),
        Resource(uri="test://static-binary", name="binary", mime_type="image/png", handler=_binary),
        Resource(
            uri="test://watched-resource",
            name="watched",
            mime_type="text/plain",
            handler=_says("Watched resource content"),
        ),
    ),
    templates=(
        Template(uri_template="test://template/{id}/data", name="templated", handler=_templated, complete={"id": _ids}),
    ),
    prompts=(
        Prompt(name="test_simple_prompt", description="simple", handler=_simple),
        Prompt(
            name="test_prompt_with_arguments",
            description="arguments",
            arguments=(_argument("arg1"), _argument("arg2")),
            handler=_with_arguments,
        ),
        Prompt(
            name="test_prompt_with_embedded_resource",
            description="embedded",
            arguments=(_argument("resourceUri"),),
            handler=_with_resource,
        ),
        Prompt(name="test_prompt_with_image", description="image", handler=_with_image),
        Prompt(name="test_input_required_result_prompt", description="asks first", handler=_asking),
    ),
)
