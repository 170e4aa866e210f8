"""The picture of the demo shows what the demo shows."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path

PICTURE = Path(__file__).parents[2] / "docs/images/demo.svg"


def words(line: str) -> str:
    """A line without its numbers, which are the market's."""
    return " ".join(re.sub(r"[\d.,]+", " ", line.replace("\xa0", " ")).split())


def test_the_picture_of_the_demo_has_the_steps_of_the_demo(tmp_path: Path) -> None:
    venuekit = Path(sys.executable).with_name("venuekit")
    done = subprocess.run(
        [str(venuekit), "demo", "--json"], capture_output=True, text=True, check=False, timeout=240, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    steps = [step["step"] for step in json.loads(done.stdout)["steps"]]
    drawn = words(html.unescape(re.sub(r"<[^>]*>", "", PICTURE.read_text(encoding="utf-8"))))
    assert len(steps) == 8
    assert [step for step in steps if words(step) not in drawn] == []


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    assert not re.search(r"(href|src|url)\s*[=(]\s*[\"']?https?:", PICTURE.read_text(encoding="utf-8"))
