"""A generated package is complete, installable, and says the same thing everywhere."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from venuekit_mcp.generate import differences, write
from venuekit_mcp.generate_files import render
from venuekit_mcp.generate_survey import Survey

ROOT = Path(__file__).parents[2]
NAMESPACE = "io.github.acme"
WORDS = {"type": "string", "minLength": 1}
INPUT = {
    "name": WORDS,
    "description": WORDS,
    "isRequired": {"type": "boolean"},
    "isSecret": {"type": "boolean"},
    "default": {"type": "string"},
    "choices": {"type": "array", "items": {"type": "string"}},
    "format": {"enum": ["string", "number", "boolean", "filepath"]},
}
#: What the registry's format of 2025-12-11 asks of the parts that we use; nothing else may be in the file.
SERVER_JSON = {
    "type": "object",
    "required": ["$schema", "name", "description", "version", "packages"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"},
        "name": {"type": "string", "pattern": "^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", "minLength": 3, "maxLength": 200},
        "title": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": {"type": "string", "minLength": 1, "maxLength": 100},
        "version": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
        "packages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["registryType", "identifier", "version", "transport"],
                "additionalProperties": False,
                "properties": {
                    "registryType": {"const": "pypi"},
                    "identifier": WORDS,
                    "version": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
                    "runtimeHint": {"const": "uvx"},
                    "transport": {
                        "type": "object",
                        "required": ["type"],
                        "additionalProperties": False,
                        "properties": {"type": {"const": "stdio"}},
                    },
                    "packageArguments": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["type", "name"],
                            "additionalProperties": False,
                            "properties": {**INPUT, "type": {"const": "named"}},
                        },
                    },
                    "environmentVariables": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "additionalProperties": False,
                            "properties": INPUT,
                        },
                    },
                },
            },
        },
    },
}
MANIFEST = {
    "type": "object",
    "required": ["manifest_version", "name", "version", "description", "author", "server"],
    "properties": {
        "manifest_version": {"const": "0.4"},
        "author": {"type": "object", "required": ["name"]},
        "server": {
            "type": "object",
            "required": ["type", "entry_point", "mcp_config"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "uv"},
                "entry_point": WORDS,
                "mcp_config": {
                    "type": "object",
                    "required": ["command", "args"],
                    "properties": {"command": {"const": "uv"}, "env": {"additionalProperties": WORDS}},
                },
            },
        },
        "tools": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        "user_config": {
            "type": "object",
            "additionalProperties": {"type": "object", "required": ["type", "title", "description"]},
        },
    },
}


def committed() -> dict[str, str]:
    folder = ROOT / "servers/paper"
    return {
        p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8")
        for p in folder.rglob("*")
        if p.suffix != ".pyc" and p.is_file()
    }


@pytest.fixture(params=["acme", "paper"])
def files(request: pytest.FixtureRequest, acme: Survey) -> Mapping[str, str]:
    return render(acme, namespace=NAMESPACE) if request.param == "acme" else committed()


def loaded(files: Mapping[str, str], name: str) -> Any:
    return json.loads(files[name])


def project(files: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(files["pyproject.toml"])["project"]
    return found


def test_server_json_keeps_the_rules_of_the_registry(files: Mapping[str, str]) -> None:
    jsonschema.Draft202012Validator(SERVER_JSON).validate(loaded(files, "server.json"))


def test_the_bundle_manifest_keeps_the_rules_of_its_format(files: Mapping[str, str]) -> None:
    manifest = loaded(files, "manifest.json")
    jsonschema.Draft202012Validator(MANIFEST).validate(manifest)
    asked = set(re.findall(r"\$\{user_config\.(\w+)\}", files["manifest.json"]))
    assert asked == set(manifest["user_config"]), "every question is used, and every use is asked"
    assert manifest["server"]["entry_point"] in files


def test_all_files_name_one_version_one_package_and_one_server(files: Mapping[str, str]) -> None:
    about, server, manifest = project(files), loaded(files, "server.json"), loaded(files, "manifest.json")
    (package,) = server["packages"]
    assert {about["version"], server["version"], package["version"], manifest["version"]} == {about["version"]}
    assert {about["name"], package["identifier"], manifest["name"]} == {about["name"]}
    assert f"mcp-name: {server['name']}" in files["README.md"]
    assert f'server.name="{server["name"]}"' in files["Dockerfile"]
    assert f'"{about["name"]}=={about["version"]}"' in files["Dockerfile"]


def test_the_script_has_the_packages_name_so_that_uvx_finds_it(files: Mapping[str, str]) -> None:
    about = project(files)
    (name, target) = next(iter(about["scripts"].items()))
    module = about["name"].replace("-", "_")
    assert name == about["name"]
    assert target == f"{module}.__main__:main"
    assert f"src/{module}/__main__.py" in files


def test_every_file_for_people_says_that_it_is_generated(files: Mapping[str, str]) -> None:
    silent = [
        name
        for name, text in files.items()
        if not name.endswith((".json", "py.typed", "LICENSE")) and "enerated by venuekit_mcp.generate" not in text
    ]
    assert silent == []


def test_every_tool_is_in_the_readme_once(files: Mapping[str, str]) -> None:
    names = [tool["name"] for tool in loaded(files, "tools.json")["tools"]]
    rows = re.findall(r"^\| `(\w+)` \|.*\| (?:always|live|shadow, live) \|$", files["README.md"], re.MULTILINE)
    assert rows == names
    assert f"{len(names)} tools" in files["README.md"]


def test_the_stanzas_in_the_readme_are_json_that_starts_this_server(files: Mapping[str, str]) -> None:
    stanzas = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", files["README.md"], re.DOTALL)]
    sections = {section: next(iter(s[section].values())) for s in stanzas for section in s}
    assert set(sections) == {"mcpServers", "servers"}
    for entry in sections.values():
        assert entry["command"] == "uvx"
        assert entry["args"][0] == project(files)["name"]


def test_secrets_are_asked_for_as_secrets_and_have_no_default(acme: Survey) -> None:
    files = render(acme, namespace=NAMESPACE)
    variables = {v["name"]: v for v in loaded(files, "server.json")["packages"][0]["environmentVariables"]}
    assert {name: v["isSecret"] for name, v in variables.items()} == {
        "VENUEKIT__VENUES__ACME__API_KEY": True,
        "VENUEKIT__VENUES__ACME__API_SECRET": True,
        "VENUEKIT__VENUES__ACME__PASSPHRASE": True,
    }
    assert all("default" not in v for v in variables.values())
    config = loaded(files, "manifest.json")["user_config"]
    assert config["api_secret"]["sensitive"] is True
    assert config["api_secret"]["required"] is True
    assert config["passphrase"]["required"] is False


def test_dependencies_start_at_what_was_surveyed_and_stop_before_the_next_break(acme: Survey) -> None:
    assert project(render(acme, namespace=NAMESPACE))["dependencies"] == [
        "acme-venue>=2.5.1,<3",
        "venuekit-mcp>=0.1.0,<0.2",
        "venuekit-paper>=0.1.0,<0.2",
    ]


def test_each_mode_works_once_the_package_is_installed(acme: Survey) -> None:
    """Shadow trades on the paper engine, which a venue that does not simulate would not bring."""
    assert any(need.startswith("venuekit-paper") for need in project(render(acme, namespace=NAMESPACE))["dependencies"])
    paper = project(committed())["dependencies"]
    assert [need.split(">")[0] for need in paper] == ["venuekit-mcp", "venuekit-paper"]


def test_the_readme_says_which_tools_need_a_mode_or_a_toolset(acme: Survey) -> None:
    readme = render(acme, namespace=NAMESPACE)["README.md"]
    assert "| `get_balances` | Does get_balances. | `instrument*` | reads | core | always |" in readme
    assert "| `acme_sweep` | Does acme_sweep. | `instrument*` | destructive | treasury | live |" in readme
    assert "eu or us \\| not both." in readme


def test_a_check_names_what_is_missing_changed_or_foreign(acme: Survey, tmp_path: Path) -> None:
    files = render(acme, namespace=NAMESPACE)
    assert len(write(files, tmp_path)) == len(files)
    assert differences(files, tmp_path) == []
    assert write(files, tmp_path) == []
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "server.json").unlink()
    (tmp_path / "notes.txt").touch()
    found = {line.split(": ")[0]: Path(line.split(": ")[1]).name for line in differences(files, tmp_path)}
    assert found == {"missing": "server.json", "differs": "README.md", "not generated": "notes.txt"}
