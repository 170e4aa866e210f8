"""How the documentation is built: ``nox -s docs``."""

from __future__ import annotations

from importlib import metadata

project = "venuekit"
author = "venuekit contributors"
project_copyright = "2026, venuekit contributors"
release = metadata.version("venuekit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "reference/generated", "tutorials/adapter", "examples"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = f"venuekit {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
autodoc_preserve_defaults = True
# Docstrings use single backquotes for names, as in plain text.
default_role = "code"
nitpicky = True
# Annotations name private aliases, other libraries and names by where they are defined; we link our own public pages.
nitpick_ignore_regex = [("py:.*", ".*")]
# Several order types have a field `type`; which one an annotation means does not matter to a reader.
suppress_warnings = ["ref.python"]
