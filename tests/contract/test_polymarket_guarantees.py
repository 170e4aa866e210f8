"""With one guarantee removed from a copy of the Polymarket adapter, exactly the checks of that guarantee fail."""

from __future__ import annotations

import pytest
from polymarket_guarantees import GUARANTEES, Factory
from runs import contract_of

from venuekit.testing.contract.behaviours import BEHAVIOURS
from venuekit_polymarket.adapter import PolymarketVenue


@pytest.mark.parametrize("kind", GUARANTEES, ids=lambda kind: kind.__name__)
def test_a_missing_guarantee_fails_its_checks_and_no_others(kind: type[PolymarketVenue]) -> None:
    named = set(GUARANTEES[kind].split())
    # Checks of its own areas and of the orders that everything else is made of.
    kinds = {name[:3] for name in named}
    run = contract_of(Factory(kind), [name for name in BEHAVIOURS if name[:3] in kinds])
    assert set(run.score.failed) == named
