"""Importing the package is fast, and imports point only downwards."""

from __future__ import annotations

import importlib
import operator
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "scipy", "tifffile", "PIL", "typer", "rich", "numba", "dask", "zarr", "cupy")
GUI = ("napari", "qtpy", "magicgui", "superqt", "PyQt6", "PySide6", "matplotlib", "vispy")
ROOT = Path(__file__).parents[1]


def modules_after(code: str) -> set[str]:
    """What a fresh Python has imported after `code`, beyond what it imports anyway."""
    count = "import sys; before = set(sys.modules)\n" + code + "\nprint(*(set(sys.modules) - before), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.split())


def test_import_pulls_in_nothing() -> None:
    found = modules_after("import napari_convolve")
    assert not found & {*HEAVY, *GUI}
    assert len(found) < 40, "a handful of modules of the standard library"
    assert modules_after("import napari_convolve; napari_convolve.__version__, dir(napari_convolve)") == found


@pytest.mark.parametrize(
    "code",
    [
        "import napari_convolve as nc; nc.convolve([1.0, 2.0, 3.0], [1.0, 1.0])",
        "import napari_convolve as nc; nc.kernels.gaussian(sigma=1), nc.available_backends()",
        "from napari_convolve.cli import run; run(['convolve', '--help'])",
    ],
)
def test_headless_use_needs_no_gui_and_no_big_data(code: str) -> None:
    found = modules_after(code)
    assert "numpy" in found
    assert not found & {*GUI, "dask", "zarr", "cupy", "scipy.signal"}


def test_all_public_names_resolve() -> None:
    import napari_convolve as nc

    for name in nc.__all__:
        assert getattr(nc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nc.nothing  # noqa: B018


def test_all_public_names_are_imported_at_once_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAGER_IMPORT", "1")
    assert {"napari_convolve.api._wiener", "napari_convolve.recipes"} <= modules_after("import napari_convolve")


@pytest.mark.parametrize(
    ("module", "old", "public"),
    [
        ("boundary", "mode", "boundary_mode"),
        ("ops._spectrum", "Peaks", "Peaks"),
        ("ops.deconvolvers", "deconvolver", "deconvolver"),
        ("ops.drawn", "DrawnFilter", "DrawnFilter"),
        ("ops.drawn", "disc", "Region.disc"),
        ("ops.noise", "PowerSpectrum", "PowerSpectrum"),
    ],
)
def test_names_that_pages_and_scripts_took_from_inner_modules_work_with_a_warning(
    module: str, old: str, public: str
) -> None:
    import napari_convolve as nc

    found = importlib.import_module(f"napari_convolve.{module}")
    with pytest.warns(DeprecationWarning, match=f"is napari_convolve.{public} now") as told:
        assert getattr(found, old) == operator.attrgetter(public)(nc)
    assert told[0].filename == __file__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        found.nothing  # noqa: B018


def test_layers() -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
