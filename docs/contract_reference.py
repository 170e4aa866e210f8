"""The promises of venues, by area, as the contract kit checks them."""

from __future__ import annotations

from venuekit.testing.contract.behaviours import AREAS, BEHAVIOURS

INTRODUCTION = """# The contract of venues

What every venue promises, whoever writes its adapter. `pytest --pyargs venuekit.testing.contract --venue NAME` checks
it and prints the score; a promise is left out, with the reason, where the venue declares that it cannot do what it
needs. Where a promise is made is a name in `venuekit.adapter`, whose documentation says more.

"""


def contract() -> str:
    """The text of contract.md."""
    parts = [INTRODUCTION.rstrip("\n"), "\n"]
    for area, title in AREAS.items():
        parts.append(f"\n## {title.capitalize()}\n\n| id | promise | made in | needs |\n|---|---|---|---|\n")
        for promise in BEHAVIOURS.values():
            if promise.id.startswith(f"{area}-"):
                needs = ", ".join(dict.fromkeys(f"`{need.value}`" for need in promise.needs)) or "-"
                parts.append(f"| {promise.id} | {promise.sentence} | `{promise.source}` | {needs} |\n")
    return "".join(parts)
