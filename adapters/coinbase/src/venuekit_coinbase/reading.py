"""Values in Coinbase's payloads, as `venuekit.adapter` reads them."""

from __future__ import annotations

from venuekit.adapter import Reading, rows, table, text

_READING = Reading("Coinbase", nowhere="0001-01-01T00:00:00Z")
amount, number, positive, time_ns = _READING.amount, _READING.number, _READING.positive, _READING.time_ns

__all__ = ["amount", "number", "positive", "rows", "table", "text", "time_ns"]
