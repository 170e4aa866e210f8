"""A process that forgot to stop its double ends without a word of the double's event loop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: With streams open that tell, and a request that is never answered. The client is quiet about its own end.
PROGRAM = """
import asyncio, contextlib, ssl, threading
import aiohttp
from venuekit_doubles.coinbase import CoinbaseDouble, Fault

double = CoinbaseDouble(heartbeat_seconds=0.01)
double.start()
double.fail("time", Fault.SILENCE)
ready = threading.Event()

async def ask(session, trust):
    with contextlib.suppress(aiohttp.ClientError):
        await session.get(double.rest_url + "/api/v3/brokerage/time", ssl=trust)

async def listen():
    trust = ssl.create_default_context(cafile=double.ca_file)
    async with aiohttp.ClientSession() as session:
        asking = asyncio.ensure_future(ask(session, trust))
        async with session.ws_connect(double.ws_url, ssl=trust) as socket:
            for channel in ("heartbeats", "level2", "ticker", "candles", "ticker_batch", "status"):
                await socket.send_json({"type": "subscribe", "channel": channel})
            await double.subscribed("level2", 5)
            while not double.requests:
                await asyncio.sleep(0.01)
            ready.set()
            await asyncio.sleep(3600)

threading.Thread(target=lambda: asyncio.run(listen()), daemon=True).start()
assert ready.wait(200)
print(double.ca_file)
"""


def test_it_is_quiet_when_it_was_forgotten() -> None:
    # Python would tidy up what it wrote for itself, too, but only with a warning.
    command = [sys.executable, "-W", "always::ResourceWarning:tempfile", "-c", PROGRAM]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not Path(ended.stdout.strip()).parent.exists(), "what it wrote for itself is gone"
