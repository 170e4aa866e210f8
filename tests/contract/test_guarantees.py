"""With one guarantee removed from a copy of the paper exchange, exactly the checks of that guarantee fail."""

from __future__ import annotations

import pytest
from guarantees import GUARANTEES, Factory
from runs import contract_of

from venuekit.testing.contract.behaviours import BEHAVIOURS
from venuekit_paper.adapter import PaperVenue


@pytest.mark.parametrize("kind", GUARANTEES, ids=lambda kind: kind.__name__)
def test_a_missing_guarantee_fails_its_checks_and_no_others(kind: type[PaperVenue]) -> None:
    named = set(GUARANTEES[kind].split())
    areas = {name[:3] for name in named}
    run = contract_of(Factory(kind), [name for name in BEHAVIOURS if name[:3] in areas])
    assert set(run.score.failed) == named
    assert run.exit_code == 1
    assert all(f"  {name}  {BEHAVIOURS[name].sentence}" in run.text for name in named)
