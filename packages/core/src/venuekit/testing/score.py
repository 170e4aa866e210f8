"""The score of a contract run, and a way to run the contract from a test."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

#: Quiet, and independent of the configuration of the project that it is run from.
_ARGUMENTS = ("-q", "-p", "no:cacheprovider", "--pyargs", "venuekit.testing.contract")


@attrs.frozen(kw_only=True)
class Score:
    """What a venue kept of the contract: ids of behaviours, and the reason for each that was skipped or failed."""

    venue: str
    passed: Sequence[str]
    failed: Mapping[str, str]
    skipped: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Score:
        """The score that ``--venue-report`` wrote."""
        body = json.loads(path.read_text(encoding="utf-8"))
        found = body["behaviours"]

        def reasons(outcome: str) -> dict[str, str]:
            return {name: entry["reason"] for name, entry in found.items() if entry["outcome"] == outcome}

        return cls(
            venue=body["venue"],
            passed=tuple(reasons("passed")),
            failed=reasons("failed"),
            skipped=reasons("skipped"),
        )


def run_contract(venue: str, *arguments: str) -> Score:
    """Run the whole contract against an installed venue (or MODULE:FACTORY) in a process of its own.

    `arguments` are further pytest arguments, such as ``--venue-options seed=3``.

    Raises:
        RuntimeError: the run itself broke; the message has pytest's output.
    """
    with tempfile.TemporaryDirectory() as folder:
        report, settings = Path(folder) / "score.json", Path(folder) / "pytest.ini"
        settings.write_text("[pytest]\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-c", str(settings), *_ARGUMENTS, f"--venue={venue}"]
        done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [*command, f"--venue-report={report}", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"The contract run broke:\n{done.stdout}\n{done.stderr}")
        return Score.read(report)
