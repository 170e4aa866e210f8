"""A supervisor of streams that ends with its test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from live import Stage


@pytest.fixture
async def stage(anyio_backend: str) -> AsyncIterator[Stage]:
    made = Stage()
    yield made
    await made.close()
