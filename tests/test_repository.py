"""Rules on files, names and versions in this repository."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter, defaultdict
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


#: Names that two modules may define, and why.
SHARED_NAMES = {
    "register": "each module of commands adds its own to the command line",
    "landweber": "the public function and the registered method that it calls",
    "tune": "the public function and what it does",
    "box_norms": "the compiled loop of the function of this name",
    "support_norms": "the compiled loop of the function of this name",
    "read": "images, and the reader that the manifest names",
    "write": "images, and the writer that the manifest names",
}
#: Names that mean two things still, each of which is being renamed.
RENAMED = "Compute Finish Spacing Step as_real richardson_lucy"
FULLER_FOLDERS = {"api": 30, "kernels": 30}


def test_no_folder_is_crowded() -> None:
    folders = Counter(path.parent for path in SOURCES)
    assert {folder.name: n for folder, n in folders.items() if n > FULLER_FOLDERS.get(folder.name, 22)} == {}


def defined_names(path: Path) -> set[str]:
    """The public classes, functions and constants that a module defines; type variables are no names of its own."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not ast.unparse(node.value or node).startswith(
            "TypeVar("
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def test_a_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        for name in defined_names(path):
            places[name].append(path.relative_to(ROOT / "src").as_posix())
    allowed = {*SHARED_NAMES, *RENAMED.split()}
    several = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in several.items() if name not in allowed} == {}
    assert sorted(allowed - several.keys()) == []
