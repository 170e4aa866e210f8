"""Polymarket that answers at once: an order with its id, a book of the outcome asked for, all else from a table."""

from __future__ import annotations

import asyncio
import json

from at_once import fixed, serve

from venuekit_doubles.polymarket.admission import read
from venuekit_doubles.polymarket.contracts import STANDARD_EXCHANGE, VERSION
from venuekit_doubles.polymarket.signatures import order_id

PLACED = {"success": True, "errorMsg": "", "status": "live", "makingAmount": "", "takingAmount": ""}


def main() -> None:
    """Serve until it is ended."""
    others = fixed()
    book = others("/book", b"")
    outcome = str(json.loads(book)["asset_id"]).encode()

    def answer(path: str, body: bytes) -> bytes:
        if path.startswith("/book?"):
            return book.replace(outcome, path.rpartition("=")[2].encode())
        if path != "/order":
            return others(path, body)
        found = order_id(read(json.loads(body)).order, STANDARD_EXCHANGE, VERSION)
        return json.dumps(PLACED | {"orderID": found}).encode()

    asyncio.run(serve(answer))


if __name__ == "__main__":
    main()
