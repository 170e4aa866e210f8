"""Keeping the score of a contract run: a table on the terminal, and a JSON file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from venuekit.testing.contract.behaviours import AREAS, BEHAVIOURS
from venuekit.testing.contract.subject import Subject


class ScoreKeeper:
    """Counts behaviours, not tests: one with several tests has failed if one of them has."""

    def __init__(self, subject: Subject, path: str | None) -> None:
        self._subject = subject
        self._path = path
        self._found: dict[str, tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an outcome; set-up and tear-down count when they fail or skip."""
        name = dict(report.user_properties).get("behaviour")
        if name is None or (report.when != "call" and report.outcome == "passed"):
            return
        self._note(str(name), report.outcome, _reason(report))

    def _note(self, name: str, outcome: str, reason: str) -> None:
        before, _ = self._found.get(name, ("skipped", ""))
        if name not in self._found or outcome == "failed" or (before == "skipped" and outcome == "passed"):
            self._found[name] = (outcome, reason)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table of areas, then the reasons."""
        write = terminalreporter.write_line
        shadow = " in shadow" if self._subject.shadow else ""
        terminalreporter.section(f"contract of {self._subject.name}{shadow}")
        write(f"{'area':<28}{'passed':>8}{'failed':>8}{'skipped':>9}")
        total: Counter[str] = Counter()
        for prefix, title in AREAS.items():
            count = Counter(o for n, (o, _) in self._found.items() if n.startswith(f"{prefix}-"))
            total += count
            if count:
                write(f"{title:<28}{count['passed']:>8}{count['failed']:>8}{count['skipped']:>9}")
        write(f"{'total':<28}{total['passed']:>8}{total['failed']:>8}{total['skipped']:>9}")
        rows = sorted((name, reason) for name, (outcome, reason) in self._found.items() if outcome == "failed")
        if rows:
            write("Broken promises:")
        for name, reason in rows:
            write(f"  {name}  {BEHAVIOURS[name].sentence}")
            write(f"          {reason}")
        skipped: dict[str, list[str]] = {}
        for name, (outcome, reason) in sorted(self._found.items()):
            if outcome == "skipped":
                skipped.setdefault(reason, []).append(name)
        if skipped:
            write("Not checked, and why:")
        for reason, names in skipped.items():
            write(f"  {', '.join(names)}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the JSON report; where several processes share the work, only the one that sees it all does."""
        if self._path is None or hasattr(session.config, "workerinput"):
            return
        body = {
            "venue": self._subject.name,
            "total": dict(Counter(outcome for outcome, _ in self._found.values())),
            "behaviours": {
                name: {
                    "outcome": outcome,
                    "reason": reason,
                    "area": AREAS[name.split("-")[0]],
                    "sentence": BEHAVIOURS[name].sentence,
                }
                for name, (outcome, reason) in sorted(self._found.items())
            },
        }
        Path(self._path).write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", report.longrepr or "")).split("\n")[0][:300]
