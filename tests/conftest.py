"""What every test shares."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# The same examples in every run, so that a change is judged by what it changed; HYPOTHESIS_PROFILE=search looks for new.
settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
