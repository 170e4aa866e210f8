"""A desk on a scripted venue for every test of the core that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import Bench, ScriptedFactory

from venuekit import registry


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "desk")
    made.folder.mkdir()
    registry.register(ScriptedFactory(made.venue))
    yield made
    registry.unregister("scripted")
