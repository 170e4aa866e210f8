"""The house stays in order: small files, one version, no forbidden words, one door for orders."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for part in ("packages", "adapters", "servers") for p in (ROOT / part).glob("*/src/**/*.py"))

#: Files that may be longer than the hard stop, each with its own frozen ceiling. It only ever shrinks.
LONG_FILES: dict[str, int] = {}
HARD_STOP = 400
MEDIAN = 150


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_source_file_is_longer_than_the_hard_stop() -> None:
    ceilings = {_name(p): LONG_FILES.get(_name(p), HARD_STOP) for p in SOURCES}
    too_long = {name: n for p in SOURCES if (n := _lines(p)) > ceilings[name := _name(p)]}
    assert too_long == {}


def test_the_exceptions_for_long_files_are_still_needed() -> None:
    assert {name for name in LONG_FILES if _lines(ROOT / name) <= HARD_STOP} == set()


def test_files_are_small_rooms_in_the_middle() -> None:
    lengths = sorted(_lines(p) for p in SOURCES if _lines(p) > 5)
    assert lengths[len(lengths) // 2] <= MEDIAN


def test_no_module_is_named_after_nothing() -> None:
    banned = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
    assert [_name(p) for p in SOURCES if p.stem in banned] == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_module_says_its_one_job(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_distributions_share_one_version() -> None:
    versions = {
        _name(p): tomllib.loads(p.read_text(encoding="utf-8"))["project"]["version"]
        for p in ROOT.glob("*/*/pyproject.toml")
    }
    assert len(versions) >= 4
    assert len(set(versions.values())) == 1, versions


def test_only_the_dispatcher_submits_to_a_venue() -> None:
    """A call ``<something venue-like>.submit(...)`` in the core outside the dispatcher would be a second road."""
    offenders = []
    for path in (ROOT / "packages/core/src/venuekit").rglob("*.py"):
        if "testing" in path.parts or path.name == "dispatch.py":
            continue
        calls = (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call))
        offenders += [
            f"{_name(path)}:{call.lineno}"
            for call in calls
            if isinstance(call.func, ast.Attribute)
            and call.func.attr in ("submit", "submit_many")
            and re.search(r"venue|adapter|entry", ast.unparse(call.func.value))
        ]
    assert offenders == []


def test_every_except_says_what_it_expects_or_what_it_does() -> None:
    offenders = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            silent = all(isinstance(s, ast.Pass) for s in node.body)
            if broad and silent:
                offenders.append(f"{_name(path)}:{node.lineno}")
    assert offenders == []


def test_the_repository_speaks_of_the_product_alone() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    words = re.compile(
        "|".join(
            (r"/work/" + r"main", r"/work/" + r"shared", "pypi" + r"\.org", "npmjs" + r"\.org", "registry" + r"\.npmjs")
        )
    )
    offenders = []
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".png", ".gif", ".ico"} or not path.is_file():
            continue
        if found := words.search(path.read_text(encoding="utf-8", errors="replace")):
            offenders.append(f"{name}: {found.group()}")
    assert offenders == []
