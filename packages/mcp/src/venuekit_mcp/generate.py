"""Writing the packages under servers/ from the installed adapters: ``python -m venuekit_mcp.generate``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from venuekit.errors import VenuekitError
from venuekit.registry import venue_names
from venuekit_mcp.generate_files import render
from venuekit_mcp.generate_survey import survey

NAMESPACE = "io.github.venuekit"


def generated(venue: str, *, namespace: str = NAMESPACE) -> Mapping[str, str]:
    """Relative path to text of every file of the venue's server package.

    Raises:
        UnknownVenue: no such adapter is installed.
    """
    return render(asyncio.run(survey(venue)), namespace=namespace)


def differences(files: Mapping[str, str], folder: Path) -> list[str]:
    """What in `folder` is not as generated: ``missing: x``, ``differs: x``, ``not generated: x``."""
    found = []
    for name, text in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"missing: {path}")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"differs: {path}")
    ours = {folder / name for name in files}
    strangers = [p for p in folder.rglob("*") if p.is_file() and p not in ours and not _is_scratch(p, folder)]
    return found + [f"not generated: {p}" for p in sorted(strangers)]


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write what differs; files that are not generated are left alone. Returns the changed paths."""
    changed = []
    for name, text in files.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        changed.append(path)
    return changed


def main(argv: Sequence[str] | None = None) -> int:
    """The command. 0: done, or nothing differs; 1: ``--check`` found a difference; 2: wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m venuekit_mcp.generate", description=__doc__)
    parser.add_argument("venues", nargs="*", metavar="VENUE", help="installed adapters; all of them if none is named")
    parser.add_argument("--out", type=Path, default=Path("servers"), help="folder that gets one folder a venue")
    parser.add_argument("--check", action="store_true", help="write nothing, only say what differs")
    parser.add_argument(
        "--namespace", default=NAMESPACE, help="publisher's name in MCP registries, such as io.github.me"
    )
    chosen = parser.parse_args(argv)
    drift: list[str] = []
    try:
        for venue in chosen.venues or venue_names():
            files = generated(venue, namespace=chosen.namespace)
            folder = chosen.out / venue
            if chosen.check:
                drift += differences(files, folder)
            else:
                changed = write(files, folder)
                sys.stdout.write(f"{folder}: {len(changed)} of {len(files)} files written\n")
    except VenuekitError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    for line in drift:
        sys.stderr.write(f"{line}\n")
    if drift:
        sys.stderr.write("The servers are not as generated; run: nox -s generate\n")
    return 1 if drift else 0


def _is_scratch(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return any(part in {"__pycache__", "dist", "build"} or part.startswith(".") for part in parts)


if __name__ == "__main__":
    sys.exit(main())
