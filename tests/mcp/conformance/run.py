"""The official conformance suite against the fixture server, and the Inspector against the real one.

Exit code 0 only if every scored scenario of both revisions passes, each of them met its fixture, and the
Inspector finds no schema error. ``python tests/mcp/conformance/run.py``
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from scenarios import EXPECTED, unmet
from serving import Fixture, Paper
from tools import Tools, install

ROOT = Path(__file__).resolve().parents[3]
MUST_SCORE = {"2026-07-28": 37, "2025-11-25": 30}


def required(tools: Tools, revision: str, scratch: Path) -> list[str]:
    """The server scenarios that a revision scores, as the suite itself lists them."""
    text = tools.run(tools.node, tools.suite, "list", "--requirements", revision, scratch=scratch).stdout
    server = text.partition("Server scenarios")[2].partition("Client scenarios")[0]
    return re.findall(r"^  - (\S+)$", server, re.MULTILINE)


def failed_checks(results: Path, scenario: str) -> list[str]:
    """Checks of one scenario that did not succeed; a scenario without results has failed too."""
    stamp = re.compile(rf"server-{re.escape(scenario)}-\d{{4}}-\d\d-\d\dT")
    folders = [p for p in results.iterdir() if stamp.match(p.name)] if results.is_dir() else []
    if not folders:
        return ["it was not run"]
    checks = json.loads((folders[-1] / "checks.json").read_text())
    if not any(check["status"] == "SUCCESS" for check in checks):
        return ["no check succeeded"]
    return [f"{c['id']}: {c.get('errorMessage', c['status'])}" for c in checks if c["status"] == "FAILURE"]


def score(tools: Tools, revision: str, fixture: Fixture, scratch: Path) -> list[str]:
    """Run one revision; print its table; return what is wrong."""
    out = scratch / revision
    scenarios = required(tools, revision, scratch)
    problems = []
    if set(scenarios) != set(EXPECTED[revision]):
        odd = sorted(set(scenarios) ^ set(EXPECTED[revision]))
        problems.append(f"{revision}: the suite's scenarios are not the ones we have fixtures for: {', '.join(odd)}")
    fixture.forget()
    done = tools.run(
        tools.node,
        tools.suite,
        "server",
        "--url",
        fixture.url,
        "--requirements",
        revision,
        "-o",
        str(out),
        scratch=scratch,
    )
    seen: Counter[tuple[str, str, str]] = Counter(fixture.calls())
    missing = unmet(revision, seen)
    passed = 0
    print(f"\n{revision}")
    for scenario in scenarios:
        wrong = failed_checks(out, scenario) + [
            f"never reached the server: {call}" for call in missing.get(scenario, [])
        ]
        passed += not wrong
        print(f"  {'FAIL' if wrong else 'pass'}  {scenario}")
        problems += [f"{revision} {scenario}: {line}" for line in wrong]
    print(f"  {passed}/{len(scenarios)} scored scenarios pass and met their fixture")
    if passed != MUST_SCORE[revision]:
        problems.append(f"{revision}: {passed} of {MUST_SCORE[revision]}")
    if done.returncode:
        problems.append(f"{revision}: the suite itself ends with exit code {done.returncode}\n{done.stdout[-1500:]}")
    return problems


def inspect(tools: Tools, paper: Paper, scratch: Path) -> list[str]:
    """The Inspector's strict schema check over stdio, and a call over HTTP in both protocol eras."""
    print("\nInspector, venuekit-mcp-paper")
    call = ("--method", "tools/call", "--tool-name", "get_capabilities", "--format", "json")
    http = ("--server-url", paper.url, "--transport", "http", "--header", f"Authorization: Bearer {paper.token}")
    runs = {
        "stdio, tools/list --strict": ("--method", "tools/list", "--strict", "--format", "json", *paper.stdio),
        "http modern, tools/call": (*http, "--protocol-era", "modern", *call),
        "http legacy, tools/call": (*http, "--protocol-era", "legacy", *call),
    }
    problems = []
    for name, arguments in runs.items():
        done = tools.run(tools.inspector, "--cli", *arguments, scratch=scratch)
        text = done.stdout + done.stderr
        good = done.returncode == 0 and not re.search(r"\b[1-9]\d* errors?\b|\"isError\": ?true", text)
        print(f"  {'pass' if good else 'FAIL'}  {name}")
        if not good:
            problems.append(f"Inspector, {name}: exit code {done.returncode}\n{text[-3000:]}")
    # A strict client has to see an error of ours as a tool's error, not as an answer that breaks its schema.
    wrong = ("--method", "tools/call", "--tool-name", "place_order", "--format", "json")
    done = tools.run(tools.inspector, "--cli", *http, "--protocol-era", "legacy", *wrong, scratch=scratch)
    good = "tool_is_error" in done.stderr or '"isError":true' in done.stdout
    print(f"  {'pass' if good else 'FAIL'}  http legacy, an order without its arguments is a tool error")
    if not good:
        problems.append(f"Inspector, wrong order: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return problems


def main() -> int:
    """Run everything; the last line says the result."""
    tools = install(ROOT / ".node")
    scratch = Path(tempfile.mkdtemp(prefix="venuekit-conformance-"))
    try:
        with Fixture(scratch) as fixture:
            problems = [line for revision in MUST_SCORE for line in score(tools, revision, fixture, scratch)]
        with Paper(scratch) as paper:
            problems += inspect(tools, paper, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for line in problems:
        print(f"\n{line}")
    closing = ", ".join(f"{revision} {count}/{count}" for revision, count in MUST_SCORE.items())
    print(f"\n{'NOT CONFORMANT' if problems else f'conformant: {closing}, Inspector clean'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
