"""Draws docs/images/demo.svg from a real run of ``venuekit demo``: ``python docs/images/make_demo.py``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "demo.svg"
WIDTH = 106


def main() -> int:
    """Run the demo as a user would, and draw what it printed."""
    venuekit = Path(sys.executable).with_name("venuekit")
    environ = {**os.environ, "COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(  # noqa: S603
            [str(venuekit), "demo"], capture_output=True, text=True, env=environ, cwd=elsewhere, check=False
        )
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
        return done.returncode
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        console.print(Text("$ venuekit demo", style="bold"))
        console.print(Text.from_ansi(done.stdout.strip("\n")))
        drawing = console.export_svg(title="venuekit demo")
    # The fonts that rich's template fetches from elsewhere are left out: a picture should load nothing.
    drawing = re.sub(r"@font-face \{.*?\n\s*\}\n", "", drawing, flags=re.DOTALL)
    lines = [line.rstrip() for line in drawing.splitlines()]
    PICTURE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{PICTURE}: {len(done.stdout.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
