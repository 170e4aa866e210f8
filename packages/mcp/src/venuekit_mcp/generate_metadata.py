"""The machine-readable descriptions of a generated server: server.json and the MCPB manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from venuekit_mcp.generate_survey import Survey

SERVER_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
_SECRET_WORDS = ("key", "secret", "token", "pass")
_MODES = ("read_only", "shadow", "live")
_MODE_DOC = "read_only looks, shadow trades on the paper engine, live trades at the venue."
#: The registry's limit on a description.
_MAX_DESCRIPTION = 100


@attrs.frozen(kw_only=True)
class Option:
    """One setting of the adapter, as an environment variable."""

    name: str
    doc: str
    variable: str
    required: bool
    secret: bool
    default: object

    @property
    def shown_default(self) -> str:
        """The default for the README's table."""
        if self.required:
            return "required"
        if self.default in (None, ""):
            return ""
        return f"`{str(self.default).lower() if isinstance(self.default, bool) else self.default}`"


def options_of(survey: Survey) -> Sequence[Option]:
    """The settings of the adapter's ``[venues.NAME]`` table, in their order."""
    venue = survey.factory.name.upper()
    return [
        Option(
            name=field.name,
            doc=str(field.metadata.get("doc", "")),
            variable=field.metadata.get("env", f"VENUEKIT__VENUES__{venue}__{field.name.upper()}"),
            required=field.default is attrs.NOTHING,
            secret=_is_secret(field),
            default=_plain_default(field),
        )
        for field in attrs.fields(survey.factory.options)
    ]


def server_json(survey: Survey, registry_name: str) -> Mapping[str, object]:
    """The registry's description of the package."""
    distribution = f"venuekit-mcp-{survey.factory.name}"
    variables: list[dict[str, object]] = [
        {
            "name": option.variable,
            "description": option.doc or option.name,
            "isRequired": option.required,
            "isSecret": option.secret,
        }
        for option in options_of(survey)
        if option.required or option.secret
    ]
    return {
        "$schema": SERVER_SCHEMA,
        "name": registry_name,
        "title": f"venuekit: {survey.factory.title}"[:_MAX_DESCRIPTION],
        "description": describe(survey),
        "version": survey.version,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": distribution,
                "version": survey.version,
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "packageArguments": [
                    {
                        "type": "named",
                        "name": "--mode",
                        "description": _MODE_DOC,
                        "isRequired": False,
                        "default": "read_only",
                        "choices": list(_MODES),
                    },
                    {
                        "type": "named",
                        "name": "--config",
                        "description": "A venuekit configuration file: limits, approvals, hours.",
                        "isRequired": False,
                        "format": "filepath",
                    },
                ],
                "environmentVariables": variables,
            }
        ],
    }


def describe(survey: Survey) -> str:
    """One sentence within the registry's limit."""
    long = f"{survey.factory.title} for agents: market data, orders, limits, approvals, a verifiable journal."
    return (
        long if len(long) <= _MAX_DESCRIPTION else f"{survey.factory.title} for agents, by venuekit."[:_MAX_DESCRIPTION]
    )


def manifest(survey: Survey) -> Mapping[str, object]:
    """The MCPB bundle's manifest, schema 0.4, run by uv."""
    venue = survey.factory.name
    distribution = f"venuekit-mcp-{venue}"
    asked = [option for option in options_of(survey) if option.required or option.secret]
    user_config: dict[str, object] = {
        "mode": {
            "type": "string",
            "title": "Mode",
            "description": f"{_MODE_DOC} Exactly one of {', '.join(_MODES)}.",
            "required": True,
            "default": "read_only",
        }
    }
    for option in asked:
        user_config[option.name] = {
            "type": "string",
            "title": option.name.replace("_", " ").capitalize(),
            "description": option.doc or option.name,
            "required": option.required,
            "sensitive": option.secret,
            **({} if option.required else {"default": ""}),
        }
    run = ["run", "--directory", "${__dirname}", distribution, "--mode", "${user_config.mode}"]
    return {
        "manifest_version": "0.4",
        "name": distribution,
        "display_name": f"venuekit: {survey.factory.title}",
        "version": survey.version,
        "description": describe(survey),
        "author": {"name": "venuekit contributors"},
        "license": "MIT",
        "server": {
            "type": "uv",
            "entry_point": f"src/{distribution.replace('-', '_')}/__main__.py",
            "mcp_config": {
                "command": "uv",
                "args": run,
                "env": {option.variable: f"${{user_config.{option.name}}}" for option in asked},
            },
        },
        "tools": [
            {"name": tool["name"], "description": tool.get("title") or tool["name"]}
            for tool in survey.tools
            if tool["name"] in survey.default
        ],
        "prompts_generated": True,
        "compatibility": {"platforms": ["darwin", "linux", "win32"], "runtimes": {"python": ">=3.11"}},
        "user_config": user_config,
    }


def _is_secret(field: attrs.Attribute[Any]) -> bool:
    marked = field.metadata.get("secret")
    return bool(marked) if marked is not None else any(word in field.name.lower() for word in _SECRET_WORDS)


def _plain_default(field: attrs.Attribute[Any]) -> object:
    value: Any = field.default
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        value = None if value.takes_self else value.factory()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return None if value is attrs.NOTHING else value
