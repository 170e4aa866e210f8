"""Node, the conformance suite and the Inspector, installed once with npm into a folder that is not committed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "node": "22",
    "@modelcontextprotocol/conformance": "0.2.0-alpha.12",
    "@modelcontextprotocol/inspector": "2.12.0",
}


class Tools:
    """The installed programs, and how to run them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "node_modules" / ".bin"
        self.node = str(self.bin / "node")
        self.suite = str(folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js")
        self.inspector = str(self.bin / "mcp-inspector")

    def run(self, *command: str, scratch: Path, seconds: float = 180) -> subprocess.CompletedProcess[str]:
        """Run a program with Node first on PATH and a HOME of its own."""
        environ = {**os.environ, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "HOME": str(scratch)}
        environ |= {"NO_COLOR": "1", "CI": "1"}
        return subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )


def install(folder: Path) -> Tools:
    """Install what is missing; exits with a sentence when npm is not there or fails."""
    tools = Tools(folder)
    manifest = json.dumps({"private": True, "dependencies": PACKAGES}, indent=2) + "\n"
    file = folder / "package.json"
    wanted = [tools.node, tools.suite, tools.inspector]
    if file.is_file() and file.read_text() == manifest and all(Path(path).exists() for path in wanted):
        return tools
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("The conformance session needs npm (any recent version; it brings its own Node 22). Install Node.js.")
    folder.mkdir(exist_ok=True)
    file.write_text(manifest)
    print("Installing Node 22, the conformance suite and the Inspector with npm ...", flush=True)
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    absent = [path for path in wanted if not Path(path).exists()]
    if done.returncode or absent:
        file.unlink()
        sys.exit(
            f"npm install failed in {folder}:\n{done.stdout}{done.stderr}\nmissing: {', '.join(absent) or 'nothing'}"
        )
    return tools
