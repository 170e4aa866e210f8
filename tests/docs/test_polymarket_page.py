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


def block(language: str, having: str) -> str:
    """The one that has this in it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [found] = [text for text in blocks if having in text]
    return str(found)


def config(double: PolymarketDouble, folder: Path, text: str) -> None:
    """desk.toml, with the double's addresses and its key."""
    options = "\n".join(f"{name} = {json.dumps(value)}" for name, value in double.desk_options().items())
    where = f"[desk]\ndata_dir = {json.dumps(str(folder))}"
    (folder / "desk.toml").write_text(f"{text.replace('[desk]', where)}\n[venues.polymarket]\n{options}\n")
    (folder / "desk.toml").chmod(0o600)


def ran(words: str, folder: Path, environ: dict[str, str] | None = None) -> str:
    """What a script says that ends well."""
    command = [sys.executable, "-W", "error", "-c", words]
    done = subprocess.run(
        command, env=environ, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_shadow_trade_of_the_page_fills_without_a_key(tmp_path: Path) -> None:
    with PolymarketDouble() as double:
        addresses = {name: value for name, value in double.desk_options().items() if name.endswith("_url")}
        environ = {
            "PATH": os.environ["PATH"],
            "VENUEKIT__DESK__DATA_DIR": str(tmp_path),
            "VENUEKIT__VENUES__POLYMARKET__ENVIRONMENT": "sandbox",
            **{f"VENUEKIT__VENUES__POLYMARKET__{name.upper()}": value for name, value in addresses.items()},
        }
        # The double searches for the words as they stand.
        words = block("python", 'open_desk("polymarket", mode=Mode.SHADOW)').replace('"fed rates"', '"fed"')
        said = ran(words, tmp_path, environ)
        assert double.private == []
    assert "fed-cuts-in-december:YES" in said
    assert re.search(r"[0-9.]+ was asked; FILLED at [0-9.]+", said)


def test_the_look_at_the_double_of_the_page_has_prices(tmp_path: Path) -> None:
    inner = textwrap.indent(block("python", 'open_desk("double.toml"').replace("double.toml", "desk.toml"), "    ")
    with PolymarketDouble() as double:
        config(double, tmp_path, '[desk]\nvenue = "polymarket"\n')
        imports = "import asyncio\nfrom venuekit import Mode, open_desk\n"
        said = ran(f"{imports}\nasync def main():\n{inner}\n\nasyncio.run(main())\n", tmp_path)
    assert "bid=Decimal(" in said


def test_the_order_of_the_page_trades_at_what_was_asked(tmp_path: Path) -> None:
    words = block("python", "OrderStatus.PENDING_APPROVAL:").replace('"fed rates"', '"fed"')
    with PolymarketDouble() as double:
        config(double, tmp_path, block("toml", "require_above"))
        said = ran(words, tmp_path)
        assert [asked.endpoint for asked in double.mutating] == ["post_order"]
    assert "waiting" not in said
    assert "filled 10" in said


def test_the_split_of_the_page_waits_for_a_person(tmp_path: Path) -> None:
    script = block("python", "split_position").replace("will-it-rain", "fed-cuts-in-december")
    with PolymarketDouble() as double:
        config(double, tmp_path, block("toml", "require_above"))
        words = f"import asyncio\n\nasync def main():\n{textwrap.indent(script, '    ')}\n\nasyncio.run(main())\n"
        assert re.fullmatch(r"PENDING_APPROVAL apr_[0-9a-f]+\s*", ran(words, tmp_path))
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
