"""The options that every command has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import attrs
from cyclopts import Parameter


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Options:
    """How to answer, and which configuration is meant."""

    json: Annotated[bool, Parameter(negative="", help="Answer with one JSON document.")] = False
    config: Annotated[
        Path | None, Parameter(help="The configuration file (TOML). It says where the store is.", show_default=False)
    ] = None


DEFAULT = Options()
