"""Every chore of the workspace; ``nox -l`` is the manual."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]"]
# ///

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests"]

os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
os.environ.setdefault("UV_LINK_MODE", "copy")
# Hundreds of processes are started here; where none may keep what it compiled, that is most of what they do.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""

ROOT = Path(__file__).parent
#: Distribution folders, in the order in which they depend on each other.
PARTS = (
    "packages/core",
    "packages/mcp",
    "packages/wire",
    "adapters/paper",
    "packages/doubles",
    "adapters/coinbase",
    "adapters/polymarket",
    "servers/paper",
    "servers/coinbase",
    "servers/polymarket",
)
#: What the contract kit is run on: venues that need no network, or whose double is the network.
CONTRACTS = (
    "--venue paper",
    "--venue coinbase --venue-profile venuekit_doubles.coinbase.contract",
    "--venue coinbase --venue-profile venuekit_doubles.coinbase.contract --venue-shadow",
    "--venue polymarket --venue-profile venuekit_doubles.polymarket.contract",
    "--venue polymarket --venue-profile venuekit_doubles.polymarket.contract --venue-shadow",
)
#: Venues whose faults are on a real wire, and the doubles that bring them.
WIRED = {
    "coinbase": "venuekit_doubles.coinbase.chaos",
    "polymarket": "venuekit_doubles.polymarket.chaos",
}
TEST_TOOLS = (
    "hypothesis>=6.120",
    "jsonschema>=4.23",
    "pytest>=9",
    "pytest-timeout>=2.4",
    "pytest-xdist>=3.8",
    "coverage>=7.10",
)


def _install_workspace(session: nox.Session, *tools: str) -> None:
    extras = {"packages/core": "[testing,postgres,calendars]", "packages/doubles": "[polymarket]"}
    editable = [word for part in PARTS for word in ("-e", f"./{part}{extras.get(part, '')}")]
    session.install(*editable, *tools)


def _scratch() -> dict[str, str]:
    """Memory for the tests' thousands of databases, where there is plenty: nobody needs those after a crash."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 2**30
    return {"TMPDIR": str(memory)} if roomy else {}


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite. Arguments go to pytest: nox -s tests -- -k journal."""
    _install_workspace(session, *TEST_TOOLS)
    parallel = ("-n", "auto", "--dist", "worksteal", "--durations", "10", "--durations-min", "5", "tests")
    session.run("pytest", *(session.posargs or parallel), env=_scratch())


@nox.session
def coverage(session: nox.Session) -> None:
    """The test suite again with branch coverage, and the report."""
    _install_workspace(session, *TEST_TOOLS)
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-q", *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report", "--skip-covered", "--show-missing")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and the layers of the architecture."""
    session.install("ruff>=0.17,<0.18", "import-linter>=2.16")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    # It reads the sources: nothing of them, nor of what they need, has to be installed.
    session.run("lint-imports", env={"PYTHONPATH": os.pathsep.join(f"{part}/src" for part in PARTS)})


@nox.session
def types(session: nox.Session) -> None:
    """Strict mypy over everything that ships, and over the public names as a user writes them."""
    _install_workspace(session, "mypy>=2.4,<3", "types-jsonschema", "pytest>=9", "hypothesis>=6.120")
    session.run("mypy", "-n", "auto", *(f"{part}/src" for part in PARTS), "tests/architecture/public_api.py")


@nox.session
def demo(session: nox.Session) -> None:
    """A real MCP client trades on the paper exchange, in your terminal."""
    _install_workspace(session)
    session.run("venuekit", "demo", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """The performance budgets, as ratios measured side by side in one run."""
    _install_workspace(session, "psutil>=6", "uv>=0.9")
    session.run("python", "tests/bench", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Ten thousand seeded schedules of faults and crashes, 300 real kills, and 300 schedules on PostgreSQL.

    Then 500 at each double of a venue, over real sockets, and 20 real kills there. Arguments go to venuekit chaos
    instead.
    """
    _install_workspace(session)
    arguments = session.posargs or ["--schedules", "10000", "--processes", "300", "--thorough"]
    session.run("venuekit", "chaos", "--venue", "paper", *arguments)
    if not session.posargs:
        session.run("python", "tests/system/faults/on_postgres.py", "300")
        for venue, profile in WIRED.items():
            place = ("--venue", venue, "--venue-profile", profile)
            session.run("venuekit", "chaos", *place, "--schedules", "500", "--processes", "20")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, with every warning an error."""
    _install_workspace(session, "sphinx>=8.2", "furo", "myst-parser>=4")
    strict = ("-W", "-n", "--keep-going")
    session.run("sphinx-build", "-q", "-j", "auto", *strict, "-b", "html", "docs", "docs/_build/html")


@nox.session
def generate(session: nox.Session) -> None:
    """Write the packages under servers/ anew from the adapters; -- --check only compares."""
    _install_workspace(session)
    session.run("python", "-m", "venuekit_mcp.generate", "--out", "servers", *session.posargs)


@nox.session
def contract(session: nox.Session) -> None:
    """The contract kit against every venue that runs on this machine, and shadow accounts there, with their scores.

    The tests hold each of them to it too. Arguments go to one run of the kit instead: nox -s contract -- --venue paper.
    """
    _install_workspace(session, *TEST_TOOLS)
    runs = [session.posargs] if session.posargs else [words.split() for words in CONTRACTS]
    for arguments in runs:
        session.run("pytest", "--pyargs", "venuekit.testing.contract", "-q", "-rfE", *arguments)


@nox.session
def live(session: nox.Session) -> None:
    """The contract kit against a venue's production, reading only: nox -s live -- coinbase.

    Keys come from the environment. Coinbase wants one; Polymarket's public data is checked without.
    """
    profiles: dict[str, tuple[str, tuple[str, ...]]] = {
        "coinbase": ("live_coinbase", ("COINBASE_API_KEY", "COINBASE_API_SECRET")),
        "polymarket": ("live_polymarket", ()),
    }
    venue = session.posargs[0] if session.posargs else ""
    if venue not in profiles:
        session.error(f"Name a venue: nox -s live -- {' | '.join(profiles)}")
    profile, needed = profiles[venue]
    missing = [name for name in needed if not os.environ.get(name)]
    if missing:
        session.error(f"Set {' and '.join(missing)}: a key that may only view does.")
    if "--allow-production-orders" in session.posargs:
        session.error("This session only reads; run pytest yourself to place orders with real money.")
    _install_workspace(session, *TEST_TOOLS)
    arguments = ["--venue", venue, "--venue-profile", profile, *session.posargs[1:]]
    session.run("pytest", "--pyargs", "venuekit.testing.contract", "-q", "-rfE", *arguments)


@nox.session
def strangers(session: nox.Session) -> None:
    """Independent clients, each at its own pins, trade against the doubles: nox -s strangers -- ccxt_rest."""
    _install_workspace(session)
    environments = {"STRANGERS_DIR": str(Path(session.create_tmp()) / "clients")}
    session.run("python", "tests/doubles/strangers", *session.posargs, env=environments)


@nox.session
def conformance(session: nox.Session) -> None:
    """The official MCP conformance suite and the Inspector's schema check. Needs npm."""
    _install_workspace(session)
    session.run("python", "tests/mcp/conformance/run.py", *session.posargs)


@nox.session(venv_backend="uv|virtualenv")
def install_alone(session: nox.Session) -> None:
    """Each distribution, or each that is named, built as a wheel, into an empty virtual environment with plain pip."""
    session.install("pip>=25", "uv>=0.9")
    wheels = Path(session.create_tmp()) / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    session.run("uv", "build", "--quiet", "--all-packages", "--wheel", "--out-dir", str(wheels))
    session.run("python", "tests/system/install_alone.py", str(wheels), *session.posargs)
