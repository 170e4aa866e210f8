"""`venuekit new adapter` writes a package that keeps the contract before anything is changed in it."""

from __future__ import annotations

import configparser
import io
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from venuekit.cli.app import run
from venuekit.cli.new import skeleton
from venuekit.errors import ConfigError, InvalidValue
from venuekit.testing import Score, run_contract

ROOMS = {"adapter", "capabilities", "client", "config", "errors", "instruments", "streams", "translate", "transport"}


def installed(folder: Path, site: Path) -> str:
    """Leave in `site` what an editable install would: the metadata. Returns the path to import from."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    place = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n")
    points = configparser.ConfigParser()
    points.read_dict(project["entry-points"])
    said = io.StringIO()
    points.write(said)
    (place / "entry_points.txt").write_text(said.getvalue())
    return os.pathsep.join([str(folder / "src"), str(site)])


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "venuekit-acme"
    assert run(["new", "adapter", "acme", "--folder", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def score(acme: Path, tmp_path_factory: pytest.TempPathFactory) -> Score:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", installed(acme, tmp_path_factory.mktemp("site")))
        return run_contract("acme")


def test_the_skeleton_keeps_the_contract_as_it_is_written(score: Score) -> None:
    assert score.failed == {}
    assert len(score.passed) > 60


def test_what_the_skeleton_leaves_out_is_declared(score: Score) -> None:
    assert "search is declared not_implemented: not written yet" in score.skipped.values()


def test_every_room_of_an_adapter_is_there_and_says_its_job(acme: Path) -> None:
    package = acme / "src/venuekit_acme"
    assert {file.stem for file in package.glob("*.py")} == ROOMS | {"__init__", "factory", "contract"}
    assert (package / "py.typed").exists()
    for file in acme.rglob("*.py"):
        assert file.read_text(encoding="utf-8").startswith('"""'), file
    assert {file.name for file in acme.iterdir()} == {".gitignore", "README.md", "pyproject.toml", "src", "tests"}


def test_a_file_sees_the_core_through_the_adapters_door_and_the_venue_through_the_client(acme: Path) -> None:
    imported = re.compile(r"^(?:from|import) (\S+)", re.MULTILINE)
    for file in (acme / "src").rglob("*.py"):
        words = imported.findall(file.read_text(encoding="utf-8"))
        assert [w for w in words if w.partition(".")[0] == "venuekit" and w != "venuekit.adapter"] == [], file


def test_no_placeholder_is_left(acme: Path) -> None:
    for file in acme.rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            text = file.read_text(encoding="utf-8")
            assert "$" not in text.replace("${ACME_API_KEY}", "").replace("\n$ ", "\n"), file


def test_the_answer_as_json_lists_the_files_and_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["new", "adapter", "acme", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == "venuekit-acme"
    assert {str(p.relative_to("venuekit-acme")) for p in Path("venuekit-acme").rglob("*") if p.is_file()} == set(
        said["files"]
    )
    assert said["next"][0] == "cd venuekit-acme"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "Acme",
        "9lives",
        "my-venue",
        "my_venue",
        "acme\n",
        "ac me",
        "..",
        "../acme",
        "acmé",
        "a" * 31,
        "\u0661a",
    ],
)
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        skeleton(name)
    assert caught.value.field == "name"
    assert caught.value.details["accepted"]


@pytest.mark.parametrize("name", ["paper", "mcp"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="taken"):
        skeleton(name)


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("keep me")
    for folder in (tmp_path, tmp_path / "mine"):
        assert run(["new", "adapter", "acme", "--folder", str(folder), "--json"]) == 2
        error = json.loads(capsys.readouterr().out)["error"]
        assert (error["code"], error["field"]) == ("INVALID_VALUE", "folder")
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine").read_text() == "keep me"


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as caught:
        skeleton("acme", tmp_path / "file" / "acme").write()
    assert caught.value.field == "folder"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
