"""The fixtures of contract tests, and the skips that a venue's declarations ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from venuekit.testing.contract.behaviours import BEHAVIOURS, Behaviour
from venuekit.testing.contract.kit import PRODUCTION, Kit
from venuekit.testing.contract.subject import Subject

SUBJECT: pytest.StashKey[Subject] = pytest.StashKey()


@pytest.fixture
def anyio_backend() -> str:
    """Adapters are asyncio programs."""
    return "asyncio"


@pytest.fixture
async def kit(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kit]:
    """A connected session with its own data folder; what a test leaves open is canceled afterwards."""
    kit = Kit(request.config.stash[SUBJECT], tmp_path)
    await kit.open()
    try:
        yield kit
    finally:
        await kit.finish()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each ability that the marker `unusable` lists and the venue declares unusable."""
    mark = metafunc.definition.get_closest_marker("unusable")
    if mark is None:
        return
    able = metafunc.config.stash[SUBJECT].capabilities
    values = [pytest.param(what, id=what.value) for what in mark.args[0] if not able.can(what)]
    skip = pytest.mark.skip(reason="all are declared usable: there is nothing to refuse")
    metafunc.parametrize("unusable", values or [pytest.param(None, marks=skip, id="none")])


def pytest_collection_modifyitems(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Skip what the venue declares that it cannot do, with its own reason."""
    subject = config.stash[SUBJECT]
    for item in items:
        mark = item.get_closest_marker("behaviour")
        if mark is None:
            continue
        item.user_properties.append(("behaviour", mark.args[0]))
        reason = why_skipped(BEHAVIOURS[mark.args[0]], subject)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def why_skipped(behaviour: Behaviour, subject: Subject) -> str:
    """Why this behaviour cannot be checked at this venue; empty when it can."""
    if behaviour.trades and subject.environment == PRODUCTION and not subject.production_orders:
        return "real money: --allow-production-orders was not given"
    for need in behaviour.needs:
        declared = subject.capabilities.of(need)
        if not declared.usable:
            return f"{need.value} is declared {declared.support.value}: {declared.reason or 'no reason given'}"
    return ""
