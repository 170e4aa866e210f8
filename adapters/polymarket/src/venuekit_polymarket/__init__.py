"""Polymarket: both outcomes of every market, over REST and streams."""

from __future__ import annotations
