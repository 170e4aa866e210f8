"""The files of one generated server, rendered from its survey."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template

from venuekit_mcp.generate_metadata import manifest, options_of, server_json
from venuekit_mcp.generate_survey import Survey, Wire

#: The largest summary of an argument in the README's table.
_ROW = 160
#: The environment of venues where nothing is real.
_SIMULATED = "paper"


def render(survey: Survey, *, namespace: str) -> dict[str, str]:
    """Relative path to text, for every file of the server's package.

    `namespace` is the publisher's, such as ``io.github.name``; with the package's name it makes the
    server's name in MCP registries.
    """
    names = _names(survey, namespace)
    module = names["module"]
    pages = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        "LICENSE": "LICENSE",
        "Dockerfile": "Dockerfile",
        f"src/{module}/__init__.py": "init.py",
        f"src/{module}/__main__.py": "main.py",
    }
    rendered = {path: _template(name).substitute(names) for path, name in pages.items()}
    rendered[f"src/{module}/py.typed"] = ""
    rendered["server.json"] = _json(server_json(survey, names["registry_name"]))
    rendered["manifest.json"] = _json(manifest(survey))
    rendered["tools.json"] = _json(_surface(survey))
    return rendered


def _names(survey: Survey, namespace: str) -> dict[str, str]:
    venue = survey.factory.name
    distribution = f"venuekit-mcp-{venue}"
    # What is copied from the README has to start with what it installs.
    mode = "shadow" if _simulates(survey) else "read_only"
    command = ["uvx", distribution, "--mode", mode]
    stanza = {"command": command[0], "args": command[1:]}
    key = f"venuekit-{venue}"
    return {
        "venue": venue,
        "title": survey.factory.title,
        "environment": survey.factory.environment,
        "distribution": distribution,
        "module": distribution.replace("-", "_"),
        "registry_name": f"{namespace}/{distribution}",
        "adapter": survey.adapter,
        "version": survey.version,
        "description": _summary(survey),
        "dependencies": "\n".join(f'    "{name}{_range(number)}",' for name, number in sorted(_needs(survey).items())),
        "mode": mode,
        "shadow_reads": _shadow_reads(survey),
        "stanza_servers": _json({"mcpServers": {key: stanza}}).rstrip(),
        "stanza_vscode": _json({"servers": {key: {"type": "stdio", **stanza}}}).rstrip(),
        "claude_code": f"claude mcp add {key} -- {' '.join(command)}",
        "flags": _table(("flag", "meaning"), [(f"`{_cell(flag)}`", _cell(doc)) for flag, doc in survey.flags]),
        "tool_count": str(len(survey.tools)),
        "tools": _tools(survey),
        "resources": _resources(survey),
        "prompts": _prompts(survey.prompts),
        "settings": _settings(survey),
    }


def _template(name: str) -> Template:
    return Template(files("venuekit_mcp").joinpath("generate_templates", f"{name}.tmpl").read_text(encoding="utf-8"))


def _json(tree: object) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def _summary(survey: Survey) -> str:
    return f"MCP server for {survey.factory.title}, by venuekit."


def _simulates(survey: Survey) -> bool:
    return survey.factory.environment == _SIMULATED


def _needs(survey: Survey) -> Mapping[str, str]:
    """What the server is made of: also the engine of shadow mode, so that each of its modes works once it is there."""
    engine = {} if _simulates(survey) else {"venuekit-paper": survey.version}
    return {**engine, "venuekit-mcp": survey.version, survey.adapter: survey.adapter_version}


def _shadow_reads(survey: Survey) -> str:
    """What shadow mode does at a venue that does not simulate by itself; nothing at one that does."""
    if _simulates(survey):
        return ""
    return (
        "Shadow mode needs no key: it reads the venue's public prices, trades on the paper engine that comes with\n"
        "this package, and sends the venue nothing that could trade.\n\n"
    )


def _range(number: str) -> str:
    """At least this version, below the next that may break: the next major, or the next minor of 0.x."""
    parts = re.findall(r"\d+", number)
    major, minor = int(parts[0]), int(parts[1]) if len(parts) > 1 else 0
    return f">={number},<{major + 1}" if major else f">={number},<0.{minor + 1}"


def _surface(survey: Survey) -> Mapping[str, object]:
    """The surface as clients see it, in a file of its own, so that a change shows in review."""
    return {
        "generated": "by venuekit_mcp.generate; edits will be lost",
        "tools": list(survey.tools),
        "resources": list(survey.resources),
        "resource_templates": list(survey.templates),
        "prompts": list(survey.prompts),
    }


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _first_sentence(text: str) -> str:
    flat = _cell(text)
    end = re.search(r"\.(?=\s[A-Z`]|$)", flat)
    return flat[: end.end()] if end else flat


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _tools(survey: Survey) -> str:
    rows = []
    for tool in survey.tools:
        name = tool["name"]
        schema = tool["inputSchema"]
        required = set(schema.get("required", ()))
        words = [f"{word}{'*' if word in required else ''}" for word in schema.get("properties", {})]
        listed = "always" if name in survey.readable else "live" if name in survey.live_only else "shadow, live"
        hints = tool.get("annotations", {})
        kind = "reads" if hints.get("readOnlyHint") else "destructive" if hints.get("destructiveHint") else "changes"
        rows.append(
            (
                f"`{name}`",
                _first_sentence(tool.get("description", "")),
                ", ".join(f"`{word}`" for word in words) or "none",
                kind,
                "core" if name in survey.default else survey.toolsets.get(name, "on choice"),
                listed,
            )
        )
    return _table(("tool", "what it does", "arguments", "effect", "toolset", "listed in"), rows)


def _resources(survey: Survey) -> str:
    rows = [(f"`{r['uri']}`", _first_sentence(r.get("description") or r.get("name", ""))) for r in survey.resources]
    rows += [
        (f"`{t['uriTemplate']}`", _first_sentence(t.get("description") or t.get("name", ""))) for t in survey.templates
    ]
    return _table(("uri", "content"), rows) if rows else "None."


def _prompts(prompts: Sequence[Wire]) -> str:
    rows = []
    for prompt in prompts:
        words = [f"`{a['name']}{'*' if a.get('required') else ''}`" for a in prompt.get("arguments") or ()]
        rows.append((f"`{prompt['name']}`", _first_sentence(prompt.get("description", "")), ", ".join(words) or "none"))
    return _table(("prompt", "what it asks for", "arguments"), rows) if rows else "None."


def _settings(survey: Survey) -> str:
    rows = [
        (f"`{option.name}`", _cell(option.doc)[: 2 * _ROW], option.shown_default, f"`{option.variable}`")
        for option in options_of(survey)
    ]
    return _table(("setting", "meaning", "default", "variable"), rows) if rows else "None."
