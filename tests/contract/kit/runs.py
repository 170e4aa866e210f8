"""Running the contract in this very process: starting a new one costs more than the checks."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Collection
from pathlib import Path

import attrs
import pytest

from venuekit import registry
from venuekit.adapter import VenueFactory
from venuekit.testing import Score
from venuekit.testing.contract.behaviours import BEHAVIOURS

#: Only what the kit needs: other plugins would take longer to begin than the checks take to run.
_PLUGINS = ("--disable-plugin-autoload", "-p", "anyio.pytest_plugin", "-p", "venuekit.testing.plugin")
_QUIET = ("-q", "-p", "no:cacheprovider", "-c", "/dev/null", *_PLUGINS)
#: Each check opens a database of its own, and nobody needs those after a crash.
_MEMORY = Path("/dev/shm")


@attrs.frozen
class Run:
    """What a contract run said, and what it counted."""

    exit_code: int
    text: str
    score: Score


class _Only:
    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [i for i in items if (mark := i.get_closest_marker("behaviour")) and mark.args[0] in self._names]


def contract_of(factory: VenueFactory, names: Collection[str] = tuple(BEHAVIOURS)) -> Run:
    """Check those behaviours of a venue that need not be installed."""
    registry.register(factory)
    try:
        where = str(_MEMORY) if _MEMORY.is_dir() else None
        with tempfile.TemporaryDirectory(dir=where) as folder, contextlib.redirect_stdout(io.StringIO()) as said:
            report = Path(folder) / "score.json"
            files = (f"--rootdir={folder}", f"--basetemp={folder}/tmp", f"--venue-report={report}")
            what = (f"--venue={factory.name}", "--pyargs", "venuekit.testing.contract")
            code = pytest.main([*_QUIET, *files, *what], plugins=[_Only(names)])
            assert report.exists(), said.getvalue()
            return Run(int(code), said.getvalue(), Score.read(report))
    finally:
        registry.unregister(factory.name)
