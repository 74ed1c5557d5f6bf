"""Rules of the house that a machine can check."""

from __future__ import annotations

import tomllib
from pathlib import Path

import napari_convolve

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_no_source_file_is_long() -> None:
    assert SOURCES
    assert {path.name: n for path in SOURCES if (n := len(path.read_text().splitlines())) > 300} == {}


def test_every_module_says_what_it_is() -> None:
    assert [path.name for path in SOURCES if not path.read_text().startswith('"""')] == []


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == napari_convolve.__version__
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()
