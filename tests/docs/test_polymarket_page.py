"""What the page on Polymarket shows works, against the double."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from venuekit_doubles.polymarket import PolymarketDouble
from venuekit_polymarket.errors import MEANINGS, NEVER_DONE, NOT_APPROVED, REVERTED
from venuekit_polymarket.market_terms import terms_from_gamma

PAGE = Path(__file__).parents[2] / "docs/polymarket.md"


def test_the_shadow_trade_of_the_page_fills(tmp_path: Path) -> None:
    script = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    with PolymarketDouble() as double:
        addresses = {
            "CLOB_URL": double.urls["clob_url"],
            "GAMMA_URL": double.urls["gamma_url"],
            "DATA_URL": double.urls["data_url"],
            "WS_MARKET_URL": double.urls["clob_market_ws_url"],
            "WS_USER_URL": double.urls["clob_user_ws_url"],
            "RELAYER_URL": double.urls["relayer_url"],
            "RPC_URL": double.urls["rpc_url"],
            "ENVIRONMENT": "sandbox",
        }
        environ = {
            "PATH": os.environ["PATH"],
            "VENUEKIT__DESK__DATA_DIR": str(tmp_path),
            **{f"VENUEKIT__VENUES__POLYMARKET__{name}": value for name, value in addresses.items()},
        }
        words = script.replace('"fed rates"', '"fed"')  # the double searches for the words as they stand
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", words], env=environ, capture_output=True, text=True, check=False
        )
    assert ran.returncode == 0, ran.stderr
    assert "fed-cuts-in-december:YES" in ran.stdout
    assert re.search(r"[0-9.]+ was asked; FILLED at [0-9.]+", ran.stdout)


def test_the_split_of_the_page_waits_for_a_person(tmp_path: Path) -> None:
    script = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    with PolymarketDouble() as double:
        options = "\n".join(f"{name} = {json.dumps(value)}" for name, value in double.desk_options().items())
        (tmp_path / "desk.toml").write_text(
            f'[desk]\nvenue = "polymarket"\nmode = "live"\ndata_dir = {json.dumps(str(tmp_path))}\n'
            f'[approval]\nrequire_above = "1000"\n[venues.polymarket]\n{options}\n',
            encoding="utf-8",
        )
        (tmp_path / "desk.toml").chmod(0o600)
        inner = textwrap.indent(script.replace("will-it-rain", "fed-cuts-in-december"), "    ")
        words = f"import asyncio\n\nasync def main():\n{inner}\n\nasyncio.run(main())\n"
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert re.fullmatch(r"PENDING_APPROVAL apr_[0-9a-f]+\s*", ran.stdout)
        assert double.venue.transactions.all == []


def test_every_short_name_of_a_refusal_on_the_page_is_one() -> None:
    known = {m.code for m in MEANINGS} | {"GEOBLOCKED", "RESTARTING", NOT_APPROVED, REVERTED, NEVER_DONE}
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    said = {word for row in rows for word in re.findall(r"`([A-Z_]{6,})`", row.split("|")[1])[1:]}
    assert said
    assert said <= known


def test_every_named_entry_of_the_metadata_is_there() -> None:
    [sentence] = re.findall(r"`Instrument.metadata` has (.*?)Tick size", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    named = set(re.findall(r"`([a-z_]+)`", sentence))
    found = terms_from_gamma(
        {
            "conditionId": "0x1",
            "slug": "s",
            "outcomes": '["Yes", "No"]',
            "clobTokenIds": '["1", "2"]',
            "closed": True,
            "outcomePrices": '["1", "0"]',
            "negRiskOther": True,
            "secondsDelay": 3,
            "feeSchedule": {"rate": 0, "exponent": 1},
            "events": [{"slug": "e"}],
        }
    )
    assert found is not None
    assert named <= set(found.instruments()[0].metadata)
