"""Which fixture each scored scenario has to have met, as (method, name, outcome) on the server's side.

The suite passes some scenarios when a tool does not exist at all, because an unknown tool can look like an
error result. So the score alone proves little; these calls, seen by the server, prove the rest.
"""

from __future__ import annotations

from collections import Counter

Call = tuple[str, str, str]
ANY = "*"

_CONTENT: dict[str, list[Call]] = {
    "completion-complete": [("completion/complete", "", "ok")],
    "tools-list": [("tools/list", "", "ok")],
    "tools-call-simple-text": [("tools/call", "test_simple_text", "ok")],
    "tools-call-image": [("tools/call", "test_image_content", "ok")],
    "tools-call-audio": [("tools/call", "test_audio_content", "ok")],
    "tools-call-embedded-resource": [("tools/call", "test_embedded_resource", "ok")],
    "tools-call-mixed-content": [("tools/call", "test_multiple_content_types", "ok")],
    "tools-call-error": [("tools/call", "test_error_handling", "tool_error")],
    "tools-call-with-progress": [("tools/call", "test_tool_with_progress", "ok")],
    "server-sse-multiple-streams": [("tools/list", "", "ok")] * 3,
    "resources-list": [("resources/list", "", "ok")],
    "resources-read-text": [("resources/read", "test://static-text", "ok")],
    "resources-read-binary": [("resources/read", "test://static-binary", "ok")],
    "resources-templates-read": [("resources/read", "test://template/123/data", "ok")],
    "prompts-list": [("prompts/list", "", "ok")],
    "prompts-get-simple": [("prompts/get", "test_simple_prompt", "ok")],
    "prompts-get-with-args": [("prompts/get", "test_prompt_with_arguments", "ok")],
    "prompts-get-embedded-resource": [("prompts/get", "test_prompt_with_embedded_resource", "ok")],
    "prompts-get-with-image": [("prompts/get", "test_prompt_with_image", "ok")],
}


def _rounds(name: str, asked: int = 1, method: str = "tools/call") -> list[Call]:
    return [(method, name, "input_required")] * asked + [(method, name, "ok")]


_ELICITATION = "test_input_required_result_elicitation"
_TAMPERED = "test_input_required_result_tampered_state"

EXPECTED: dict[str, dict[str, list[Call]]] = {
    "2026-07-28": {
        **_CONTENT,
        "server-stateless": [
            ("server/discover", "", "ok"),
            ("tools/call", "test_missing_capability", "error -32021"),
            ("tools/call", "test_streaming_elicitation", "input_required"),
            ("tools/call", "test_logging_tool", "ok"),
            *[("tools/call", "test_trigger_tool_change", "ok")] * 3,
            ("tools/call", "test_trigger_prompt_change", "ok"),
        ],
        "sep-2164-resource-not-found": [
            ("resources/read", "test://nonexistent-resource-for-conformance-testing", "error -32602")
        ],
        # The refused half never reaches the server's handlers; the accepted half does.
        "dns-rebinding-protection": [("server/discover", "", "ok")],
        "caching": [
            ("tools/list", "", "ok"),
            ("prompts/list", "", "ok"),
            ("resources/list", "", "ok"),
            ("resources/templates/list", "", "ok"),
            ("resources/read", ANY, "ok"),  # the suite takes the first one in the list
        ],
        "input-required-result-basic-elicitation": _rounds(_ELICITATION),
        "input-required-result-basic-sampling": _rounds("test_input_required_result_sampling"),
        "input-required-result-basic-list-roots": _rounds("test_input_required_result_list_roots"),
        "input-required-result-request-state": _rounds("test_input_required_result_request_state"),
        "input-required-result-multiple-input-requests": _rounds("test_input_required_result_multiple_inputs"),
        "input-required-result-multi-round": _rounds("test_input_required_result_multi_round", asked=2),
        "input-required-result-missing-input-response": [("tools/call", _ELICITATION, "input_required")],
        "input-required-result-non-tool-request": _rounds("test_input_required_result_prompt", method="prompts/get"),
        "input-required-result-result-type": [("tools/call", _ELICITATION, "input_required")],
        "input-required-result-unsupported-methods": [("tools/list", "", "ok"), ("prompts/list", "", "ok")],
        "input-required-result-tampered-state": [
            ("tools/call", _TAMPERED, "input_required"),
            ("tools/call", _TAMPERED, "error -32602"),
        ],
        "input-required-result-capability-check": [
            ("tools/call", "test_input_required_result_capabilities", "input_required")
        ],
        "input-required-result-ignore-extra-params": [("tools/call", _ELICITATION, "ok")],
        "input-required-result-validate-input": [
            ("tools/call", _ELICITATION, "input_required"),
            ("tools/call", _ELICITATION, "invalid"),
        ],
    },
    "2025-11-25": {
        **_CONTENT,
        "server-initialize": [("initialize", "", "ok")] * 2,
        "logging-set-level": [("logging/setLevel", "", "ok")],
        "ping": [("ping", "", "ok")],
        "tools-call-with-logging": [("tools/call", "test_tool_with_logging", "ok")],
        "tools-call-sampling": [("tools/call", "test_sampling", "ok")],
        "tools-call-elicitation": [("tools/call", "test_elicitation", "ok")],
        "elicitation-sep1034-defaults": [("tools/call", "test_elicitation_sep1034_defaults", "ok")],
        "elicitation-sep1330-enums": [("tools/call", "test_elicitation_sep1330_enums", "ok")],
        "resources-subscribe": [("resources/subscribe", "test://watched-resource", "ok")],
        "resources-unsubscribe": [
            ("resources/subscribe", "test://watched-resource", "ok"),
            ("resources/unsubscribe", "test://watched-resource", "ok"),
        ],
        "dns-rebinding-protection": [("initialize", "", "ok")],
    },
}


def unmet(revision: str, seen: Counter[Call]) -> dict[str, list[str]]:
    """Scenario to the calls that the server did not see. Every scenario has to have its own ones."""
    left = Counter(seen)
    missing: dict[str, list[str]] = {}
    wanted = [(scenario, call) for scenario, calls in EXPECTED[revision].items() for call in calls]
    for scenario, call in sorted(wanted, key=lambda pair: pair[1][1] == ANY):
        method, name, outcome = call
        same = [c for c in left if left[c] > 0 and c[0] == method and c[2] == outcome and name in (ANY, c[1])]
        if same:
            left[same[0]] -= 1
        else:
            missing.setdefault(scenario, []).append(" ".join(word for word in call if word))
    return missing
