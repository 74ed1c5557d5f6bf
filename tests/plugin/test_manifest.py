"""The manifest: validation by npe2, and further checks."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from napari._app_model.constants._menus import MenuId
from npe2 import PluginManifest

MANIFEST = yaml.safe_load((files("napari_convolve") / "napari.yaml").read_text())
CONTRIBUTIONS = MANIFEST["contributions"]
COMMANDS = {command["id"]: command["python_name"] for command in CONTRIBUTIONS["commands"]}


def test_npe2_finds_it_valid() -> None:
    manifest = PluginManifest.from_distribution("napari-convolve")
    manifest.validate_imports()
    assert {ep.value for ep in entry_points(group="napari.manifest", name="napari-convolve")} == {
        "napari_convolve:napari.yaml"
    }


def test_the_panels_have_their_names() -> None:
    names = [widget["display_name"] for widget in CONTRIBUTIONS["widgets"]]
    assert names[:4] == ["Kernel Designer", "Convolve", "Detect Features", "Deconvolve"] and {
        "Feature Maps",
        "Fourier",
        "Inspector",
        "Recipes",
    } <= set(names)


def test_every_command_that_is_used_is_declared_and_used() -> None:
    used = [
        entry["command"] for key in ("widgets", "sample_data", "readers", "writers") for entry in CONTRIBUTIONS[key]
    ]
    in_menus = [entry["command"] for items in CONTRIBUTIONS["menus"].values() for entry in items if "command" in entry]
    assert set(used) | set(in_menus) == set(COMMANDS)
    assert len(used) == len(set(used))


def test_menus_are_ones_that_napari_shows() -> None:
    ours = {submenu["id"] for submenu in CONTRIBUTIONS["submenus"]}
    assert {submenu["label"] for submenu in CONTRIBUTIONS["submenus"]} == {"Convolution"}
    contributable = {str(menu) for menu in MenuId.contributables()}
    assert set(CONTRIBUTIONS["menus"]) <= contributable | ours
    placed = {e["submenu"] for items in CONTRIBUTIONS["menus"].values() for e in items if "submenu" in e}
    assert placed == ours <= set(CONTRIBUTIONS["menus"])


def test_nothing_that_older_or_newer_engines_refuse() -> None:
    assert MANIFEST["schema_version"] == "0.2.1"
    for widget in CONTRIBUTIONS["widgets"]:
        assert set(widget) == {"command", "display_name"}
    assert not any("icon" in entry for key in ("commands", "submenus") for entry in CONTRIBUTIONS[key])
    assert "keybindings" not in CONTRIBUTIONS


@pytest.mark.parametrize("python_name", sorted(COMMANDS.values()))
def test_every_command_can_be_imported(python_name: str) -> None:
    module, _, attribute = python_name.partition(":")
    __import__(module)
    assert callable(getattr(sys.modules[module], attribute))


def test_looking_at_the_menus_imports_nothing_heavy() -> None:
    script = (
        "import sys, napari_convolve\n"
        "from npe2 import PluginManager\n"
        "pm = PluginManager.instance(); pm.discover(); m = pm.get_manifest('napari-convolve')\n"
        "assert m.contributions.widgets and list(pm.iter_menu('napari-convolve/filter'))\n"
        "heavy = {'scipy', 'dask', 'zarr', 'numba', 'cupy', 'napari', 'qtpy', 'magicgui', 'matplotlib', 'tifffile'}\n"
        "print(sorted(heavy & set(sys.modules)), [n for n in sys.modules if n.startswith('napari_convolve.')])\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[] []"


def test_the_page_about_the_panels_shows_pictures_that_exist() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "napari.md"
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    assert len(links) >= 8
    assert [link for link in links if not (page.parent / link).exists()] == []
