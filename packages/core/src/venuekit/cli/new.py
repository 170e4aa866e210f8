"""`venuekit new adapter`: a venue of one's own, as a package that keeps the contract from the first minute."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Annotated

import attrs
from cyclopts import App, Parameter

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, say
from venuekit.errors import ConfigError, InvalidValue
from venuekit.registry import venue_names
from venuekit.version import VERSION

app = App(name="new", help="Skeletons: adapter.")

_NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
#: Distributions that ``venuekit-NAME`` must not be mistaken for.
_TAKEN = frozenset({"core", "doubles", "gateway", "mcp", "ops"})
#: Templates that do not go into the package's own folder.
_PLACES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "test_contract.py": "tests/test_contract.py",
}


@attrs.frozen(kw_only=True)
class Skeleton:
    """An adapter's package as text: path inside the folder, and content."""

    name: str
    folder: Path
    files: Mapping[str, str]

    @property
    def next_steps(self) -> Sequence[str]:
        """Commands that show that it works."""
        return (f"cd {self.folder}", 'python -m pip install -e ".[test]"', "pytest", f"venuekit venues {self.name}")

    def write(self) -> None:
        """Put all files in place, or none.

        Raises:
            InvalidValue: there is something at that place already.
            ConfigError: the files cannot be written there.
        """
        if self.folder.exists() or self.folder.is_symlink():
            raise InvalidValue(
                f"{self.folder} is there already, and is left as it is.",
                fix="Pass another place with --folder.",
                field="folder",
                details={"accepted": "a path that does not exist"},
            )
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".venuekit-new-") as beside:
                made = Path(beside) / self.folder.name
                for place, text in self.files.items():
                    file = made / place
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(text, encoding="utf-8")
                shutil.move(made, self.folder)
        except OSError as error:
            raise ConfigError(f"{self.folder} cannot be written: {error.strerror}.", field="folder") from error


def skeleton(name: str, folder: Path | None = None) -> Skeleton:
    """The package of a new adapter, not written yet.

    Raises:
        InvalidValue: `name` cannot be a venue's name, or is one already.
    """
    accepted = "2 to 30 lower-case letters and digits, beginning with a letter"
    if not _NAME.fullmatch(name):
        raise InvalidValue(
            f"{name[:40]!r} cannot be a venue's name.",
            fix=f"Use {accepted}.",
            field="name",
            details={"accepted": accepted},
        )
    if name in _TAKEN or name in venue_names():
        raise InvalidValue(
            f"{name!r} is taken: there is a venuekit-{name} already.",
            fix="Choose another name.",
            field="name",
            details={"taken": sorted({*_TAKEN, *venue_names()})},
        )
    words = {"name": name, "Title": name.capitalize(), "NAME": name.upper(), "version": VERSION}
    files = {f"src/venuekit_{name}/py.typed": ""}
    for template in resources.files("venuekit.cli").joinpath("skeleton").iterdir():
        title = template.name.removesuffix(".tmpl")
        place = _PLACES.get(title, f"src/venuekit_{name}/{title}")
        files[place] = Template(template.read_text(encoding="utf-8")).substitute(words)
    return Skeleton(name=name, folder=folder or Path(f"venuekit-{name}"), files=dict(sorted(files.items())))


@app.command
def adapter(
    name: str,
    /,
    *,
    folder: Annotated[Path | None, Parameter(show_default=False)] = None,
    options: Options = DEFAULT,
) -> int:
    """Write the package of a new adapter: every file, an exchange that is pretended, and the contract as its test.

    Args:
        name: The venue's name, in lower-case letters and digits.
        folder: Where to; it must not exist. venuekit-NAME here unless told otherwise.
    """
    made = skeleton(name, folder)
    made.write()
    if options.json:
        document({"name": name, "folder": str(made.folder), "files": list(made.files), "next": list(made.next_steps)})
        return OK
    say(f"{made.folder}: {len(made.files)} files. It keeps the contract now; make the pretended exchange real. Next:")
    for step in made.next_steps:
        say(f"  {step}")
    return OK
