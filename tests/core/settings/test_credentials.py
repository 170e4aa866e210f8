"""A configuration in which an agent could decide, or one person count as two, is refused by its place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from venuekit.errors import ConfigError
from venuekit.settings.check import check
from venuekit.settings.credentials import digest
from venuekit.settings.schema import AgentSettings, ApprovalSettings, DeskConfig, OperatorSettings

D = Decimal


def operators(*names: str) -> dict[str, OperatorSettings]:
    return {name: OperatorSettings(token_sha256=digest(name)) for name in names}


TWO = ApprovalSettings(require_above=D(100), two_people_above=D(100))
GOOD = DeskConfig(
    approval=TWO, operators=operators("ann", "bob"), agents={"bot": AgentSettings(token_sha256=digest("bot"))}
)


def test_two_operators_with_tokens_of_their_own_are_accepted() -> None:
    assert check(GOOD) is GOOD


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"operators": {}}, "approval.two_people_above"),
        ({"operators": operators("ann")}, "approval.two_people_above"),
        ({"approval": attrs.evolve(TWO, require_above=None)}, "approval.two_people_above"),
        ({"approval": attrs.evolve(TWO, two_people_above=D(99))}, "approval.two_people_above"),
        ({"operators": operators("ann", "Ann")}, "operators.Ann"),
        ({"operators": operators("ann", "bot")}, "operators.bot"),
        ({"operators": operators("ann", "LOCAL")}, "operators.LOCAL"),
        ({"operators": operators("ann", "b b")}, "operators.b b"),
        ({"operators": operators("ann") | {"bob": operators("ann")["ann"]}}, "operators.bob.token_sha256"),
        (
            {"operators": operators("ann") | {"bob": OperatorSettings(token_sha256=digest("bot"))}},
            "operators.bob.token_sha256",
        ),
        ({"operators": operators("ann") | {"bob": OperatorSettings(token_sha256="abc")}}, "operators.bob.token_sha256"),
        ({"approval": attrs.evolve(TWO, page_url="javascript:alert(1)")}, "approval.page_url"),
        ({"approval": attrs.evolve(TWO, page_url="http://ann:secret@host")}, "approval.page_url"),
        ({"approval": attrs.evolve(TWO, page_url="http://host/?token=1")}, "approval.page_url"),
    ],
)
def test_what_would_undo_the_rule_is_refused_by_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(attrs.evolve(GOOD, **changes))
    assert caught.value.field == place
    assert digest("ann") not in str(caught.value)
