"""The references made from the sources say what the sources say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_generated_references_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/make_reference.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_error_code_is_in_the_reference() -> None:
    from venuekit import errors

    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.VenuekitError)]
    missing = [k.code for k in kinds if k is not errors.VenuekitError and f"`{k.code}`" not in text]
    assert missing == []


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    folder = ROOT / "docs/adr"
    index = (folder / "index.md").read_text(encoding="utf-8")
    for page in sorted(folder.glob("[0-9]*.md")):
        text = page.read_text(encoding="utf-8")
        assert page.stem in index
        heads = [line[3:] for line in text.splitlines() if line.startswith("## ")]
        assert heads == ["Context", "Options", "Decision", "Consequences"], page.name
