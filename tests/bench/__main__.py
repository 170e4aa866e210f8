"""Measures the performance budgets: ``python tests/bench [ROW …] [--json FILE] [--no-peers] [--page FILE]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import book_rows
import coinbase_rows
import desk_rows
import engine_rows
import mcp_rows
import memory_rows
import page
import polymarket_rows
import risk_rows
import startup_rows
from report import Row, show

ROWS = {
    "engine": engine_rows.rows,
    "books": book_rows.rows,
    "risk": risk_rows.rows,
    "desk": desk_rows.rows,
    "mcp": mcp_rows.rows,
    "coinbase": coinbase_rows.rows,
    "polymarket": polymarket_rows.rows,
    "startup": startup_rows.rows,
    "memory": memory_rows.rows,
}


def main() -> None:
    """Run the chosen rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="which rows; all by default")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--no-peers", action="store_true", help="leave other people's engines out")
    parser.add_argument("--page", type=Path, help="write the documentation's page of figures")
    options = parser.parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.rows or ROWS:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            found += ROWS[name](Path(folder), peers=not options.no_peers)
    show(found, options.json)
    if options.page:
        page.write(options.page, found)


if __name__ == "__main__":
    main()
